"""The log is only ever added to: by queryset, by model, by SQL as the app role, and by SQL as the owner."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.conf import settings
from django.db import ProgrammingError, connection, transaction

from casework.audit.checks import app_role_cannot_change_the_log
from casework.audit.journal import Journal
from casework.audit.log import OutsideTransaction, Verb, leaf_hash, record
from casework.audit.models import AppendOnly, Checkpoint, Entry, EntryDetail, Seal
from casework.runtime import cluster
from tests.audit.conftest import write_entries
from tests.cast import make_case, person

TABLES = ["audit_entry", "audit_seal", "audit_checkpoint"]
CHANGES = [
    "UPDATE audit_entry SET verb = 'person.signed_out'",
    "UPDATE audit_seal SET seq = seq + 100",
    "UPDATE audit_checkpoint SET size = 0",
    *(f"DELETE FROM {table}" for table in TABLES),
    *(f"TRUNCATE {table} CASCADE" for table in TABLES),
]


@pytest.mark.parametrize("statement", CHANGES)
def test_the_app_role_has_no_right_to_change_the_log(sealed_log: Journal, statement: str) -> None:
    before = Entry.objects.count(), Seal.objects.count(), Checkpoint.objects.count()
    with pytest.raises(ProgrammingError, match="permission denied"), connection.cursor() as cursor:
        cursor.execute(statement)
    assert (Entry.objects.count(), Seal.objects.count(), Checkpoint.objects.count()) == before


@pytest.mark.parametrize("statement", CHANGES)
def test_the_owner_is_stopped_by_the_triggers(sealed_log: Journal, statement: str) -> None:
    name = connection.settings_dict["NAME"]
    with cluster.connect(settings.CASEWORK_HOME / "postgres.json", database=name, role=cluster.OWNER) as link:
        with pytest.raises(Exception, match="The log is append-only"):
            link.execute(statement)  # type: ignore[call-overload]
        assert link.execute("SELECT count(*) FROM audit_entry").fetchone() == (12,)


def test_truncating_what_the_log_points_at_does_not_empty_it(sealed_log: Journal) -> None:
    name = connection.settings_dict["NAME"]
    with (
        cluster.connect(settings.CASEWORK_HOME / "postgres.json", database=name, role=cluster.OWNER) as link,
        pytest.raises(Exception, match="The log is append-only"),
    ):
        link.execute("TRUNCATE accounts_user CASCADE")
    assert Entry.objects.count() == 12


@pytest.mark.django_db
@pytest.mark.parametrize("change", [lambda rows: rows.update(verb="x"), lambda rows: rows.delete()])
def test_querysets_refuse(change: Any) -> None:
    write_entries(1)
    with pytest.raises(AppendOnly):
        change(Entry.objects.all())
    with pytest.raises(AppendOnly):
        Entry.objects.bulk_update([], ["verb"])


@pytest.mark.django_db
def test_rows_refuse() -> None:
    entry = write_entries(1)[0]
    entry.verb = "person.signed_out"
    with pytest.raises(AppendOnly):
        entry.save()
    with pytest.raises(AppendOnly):
        entry.delete()
    assert Entry.objects.get().verb == "person.signed_in"


@pytest.mark.django_db
def test_somebody_with_entries_cannot_be_deleted() -> None:
    mona = write_entries(1)[0].actor
    with pytest.raises(Exception, match="protected"):
        mona.delete()


def test_an_entry_outside_a_transaction_is_refused(real_log: Journal) -> None:
    mona = person("mona")
    with pytest.raises(OutsideTransaction):
        record(Verb.SIGNED_IN, actor=mona, subject=mona)
    assert not Entry.objects.exists()


def test_an_entry_goes_when_its_change_goes(real_log: Journal) -> None:
    mona = person("mona")
    with transaction.atomic():
        record(Verb.SIGNED_IN, actor=mona, subject=mona)
        transaction.set_rollback(True)
    assert not Entry.objects.exists()


@pytest.mark.django_db
def test_the_body_is_canonical_and_names_nobody() -> None:
    mona = person("mona")
    public_id = record(
        Verb.ROLE_CHANGED,
        actor=mona,
        subject=mona,
        personal={"label": "Mona"},
        was="",
        now="moderator",
        score=0.5,
    )
    entry = Entry.objects.get(public_id=public_id)
    body = bytes(entry.body).decode()
    assert body.startswith(f'{{"actor":"{mona.public_id}","at":"')
    assert '"data":{"now":"moderator","score":"0.5","was":""}' in body
    assert "Mona" not in body
    assert "mona@" not in body
    assert entry.detail.personal == {"label": "Mona"}
    assert leaf_hash(bytes(entry.salt), body.encode()) == bytes(entry.leaf_hash)


@pytest.mark.django_db
def test_the_personal_side_is_stored_encrypted_and_can_be_erased() -> None:
    mona = person("mona")
    record(Verb.SIGNED_IN, actor=mona, subject=mona, personal={"address": "192.0.2.7"})
    with connection.cursor() as cursor:
        cursor.execute("SELECT personal FROM audit_entrydetail")
        assert "192.0.2.7" not in cursor.fetchone()[0]
    EntryDetail.objects.all().delete()
    assert Entry.objects.count() == 1


@pytest.mark.django_db
def test_two_entries_with_the_same_content_have_different_hashes() -> None:
    case = make_case()
    first, second = (
        record(Verb.CASE_READ, actor=person("mona"), subject=case, case=case) for _time in range(2)
    )
    hashes = {bytes(entry.leaf_hash) for entry in Entry.objects.filter(public_id__in=[first, second])}
    assert len(hashes) == 2


@pytest.mark.django_db
def test_what_is_not_plain_json_is_refused() -> None:
    mona = person("mona")
    with pytest.raises(TypeError, match="does not belong in a log entry"):
        record(Verb.SIGNED_IN, actor=mona, subject=mona, thing=object())
    assert not Entry.objects.exists()


def test_a_right_that_was_granted_later_is_pointed_out(real_log: Journal) -> None:
    name = connection.settings_dict["NAME"]
    assert app_role_cannot_change_the_log(None, ["default"]) == []
    with cluster.connect(settings.CASEWORK_HOME / "postgres.json", database=name, role=cluster.OWNER) as link:
        link.execute(f"GRANT UPDATE ON audit_seal TO {cluster.APP}")
    [warning] = app_role_cannot_change_the_log(None, ["default"])
    assert (warning.id, "audit_seal" in warning.msg, "audit_entry" in warning.msg) == (
        "audit.W001",
        True,
        False,
    )


def test_rights_are_taken_from_whatever_roles_hold_them(real_log: Journal) -> None:
    migration = import_module("casework.audit.migrations.0002_append_only")
    name = connection.settings_dict["NAME"]
    role = f'"web {name}"'
    with cluster.connect(settings.CASEWORK_HOME / "postgres.json", database=name) as superuser:
        superuser.execute(f"CREATE ROLE {role}")
        try:
            superuser.execute(f"GRANT ALL ON audit_entry, audit_seal, audit_checkpoint TO {role}, PUBLIC")
            superuser.execute(f"SET ROLE {cluster.OWNER}")
            superuser.execute(migration.TAKE_RIGHTS)
            superuser.execute("RESET ROLE")
            held = superuser.execute(
                "SELECT DISTINCT privilege_type FROM information_schema.role_table_grants"
                " WHERE grantee IN (%s, 'PUBLIC') AND table_name LIKE 'audit_%%' ORDER BY 1",
                [role.strip('"')],
            ).fetchall()
            assert held == [("INSERT",), ("SELECT",)]
        finally:
            superuser.execute("RESET ROLE")
            superuser.execute(f"DROP OWNED BY {role}")
            superuser.execute(f"DROP ROLE {role}")
