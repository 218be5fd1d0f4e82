"""Changes of entries are numbered in the order in which they are committed, whoever makes them.

A plain sequence would not do: of two transactions the one with the smaller number may commit last, and whoever has
read up to the larger one never sees it. So a statement that changes entries first takes a lock that it holds until
its transaction ends; the next number is given to rows whose change matters to matching, and only to those.
PostgreSQL also refuses a value of the wrong length, which an index could not be built from.
"""

from django.db import migrations

#: Any number that nothing else locks: "hash" in ASCII.
LOCK = 0x68617368

FORWARD = f"""
CREATE SEQUENCE hashbanks_changes;

CREATE FUNCTION hashbanks_one_at_a_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock({LOCK});
    RETURN NULL;
END
$$;

CREATE FUNCTION hashbanks_number_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' OR (OLD.status, OLD.value, OLD.quality, OLD.clip, OLD.bank_id)
            IS DISTINCT FROM (NEW.status, NEW.value, NEW.quality, NEW.clip, NEW.bank_id) THEN
        NEW.changed_seq := nextval('hashbanks_changes');
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER entry_one_at_a_time BEFORE INSERT OR UPDATE ON hashbanks_entry
    FOR EACH STATEMENT EXECUTE FUNCTION hashbanks_one_at_a_time();
CREATE TRIGGER entry_number_change BEFORE INSERT OR UPDATE ON hashbanks_entry
    FOR EACH ROW EXECUTE FUNCTION hashbanks_number_change();

ALTER TABLE hashbanks_entry ADD CONSTRAINT entry_value_fits_its_signal CHECK (
    value IS NULL OR octet_length(value) = CASE signal
        WHEN 'pdq' THEN 32 WHEN 'sha256' THEN 32 WHEN 'md5' THEN 16 WHEN 'video_md5' THEN 16 WHEN 'phash' THEN 8 END
);
"""

BACK = """
ALTER TABLE hashbanks_entry DROP CONSTRAINT entry_value_fits_its_signal;
DROP TRIGGER entry_number_change ON hashbanks_entry;
DROP TRIGGER entry_one_at_a_time ON hashbanks_entry;
DROP FUNCTION hashbanks_number_change();
DROP FUNCTION hashbanks_one_at_a_time();
DROP SEQUENCE hashbanks_changes;
"""


class Migration(migrations.Migration):
    dependencies = [("hashbanks", "0001_banks")]

    operations = [migrations.RunSQL(FORWARD, BACK)]
