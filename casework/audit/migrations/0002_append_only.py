"""The log is only ever added to: PostgreSQL itself refuses the rest.

Triggers hold against everybody but a superuser who turns them off; taking the rights away holds against the app
role before a trigger is asked. Rights are taken from whoever has them and does not own the table, so that this
works under any role names. Where rights are granted after migrating, the check ``audit.W001`` tells.
The erasable side rows (``audit_entrydetail``) are not append-only.
"""

from django.db import migrations

TABLES = ("audit_entry", "audit_seal", "audit_checkpoint")

REFUSE = """
CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The log is append-only: % of % is refused.', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;
"""

TRIGGERS = "".join(
    f"""
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
"""
    for table in TABLES
)

TAKE_RIGHTS = """
DO $$
DECLARE grant_row record;
BEGIN
    FOR grant_row IN
        SELECT DISTINCT c.relname, acl.grantee
        FROM pg_class c, LATERAL aclexplode(c.relacl) acl
        WHERE c.oid IN ('audit_entry'::regclass, 'audit_seal'::regclass, 'audit_checkpoint'::regclass)
            AND acl.grantee <> c.relowner
    LOOP
        EXECUTE format(
            'REVOKE UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON %I FROM %s',
            grant_row.relname,
            CASE WHEN grant_row.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grant_row.grantee)) END
        );
    END LOOP;
END
$$;
"""

UNDO = (
    "".join(f"DROP TRIGGER {table}_append_only ON {table};" for table in TABLES)
    + "DROP FUNCTION audit_refuse_change();"
)


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [
        migrations.RunSQL(REFUSE + TRIGGERS, UNDO),
        migrations.RunSQL(TAKE_RIGHTS, migrations.RunSQL.noop),
    ]
