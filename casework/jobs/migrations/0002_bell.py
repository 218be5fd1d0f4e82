import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("jobs", "0001_initial")]

    operations = [
        migrations.DeleteModel(name="Pulse"),
        migrations.CreateModel(
            name="Pulse",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("bell", models.CharField(max_length=120, unique=True)),
                ("node", models.CharField(max_length=120)),
                ("pid", models.PositiveIntegerField()),
                ("queues", models.CharField(max_length=200)),
                ("sandbox", models.CharField(max_length=10)),
                ("seen_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("progress_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddField("job", "bell_row", models.BigIntegerField(null=True)),
        migrations.AddField("job", "node", models.CharField(blank=True, max_length=120)),
        migrations.AddField("job", "pid", models.PositiveIntegerField(null=True)),
        migrations.AddIndex(
            "job",
            models.Index(
                condition=models.Q(("bell_row__isnull", False)), fields=["bell_row"], name="job_bell_row"
            ),
        ),
        migrations.AddIndex(
            "job",
            models.Index(
                condition=models.Q(("state__in", ["failed", "quarantined"])),
                fields=["-finished_at"],
                name="job_stopped",
            ),
        ),
    ]
