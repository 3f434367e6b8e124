"""The database itself refuses an event that does not continue the chain, and a head that goes back."""

from django.db import migrations, models

GUARDS = r"""
CREATE FUNCTION trail_event_continues() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.hash <> encode(sha256(convert_to(NEW.prev || E'\n' || NEW.body, 'UTF8')), 'hex') THEN
        RAISE EXCEPTION 'The trail refuses event %: its hash is not that of its text.', NEW.seq;
    END IF;
    IF NOT (NEW.seq = 1 AND NEW.prev = repeat('0', 64))
       AND NOT EXISTS (SELECT 1 FROM trail_event WHERE seq = NEW.seq - 1 AND hash = NEW.prev) THEN
        RAISE EXCEPTION 'The trail refuses event %: it does not continue the chain.', NEW.seq;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER trail_event_continues BEFORE INSERT ON trail_event
    FOR EACH ROW EXECUTE FUNCTION trail_event_continues();

CREATE FUNCTION trail_head_advances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.id <> OLD.id OR NEW.seq <= OLD.seq
       OR NOT EXISTS (SELECT 1 FROM trail_event WHERE seq = NEW.seq AND hash = NEW.hash) THEN
        RAISE EXCEPTION 'The trail''s head only moves forward, to an event that is there.';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER trail_head_advances BEFORE UPDATE ON trail_head
    FOR EACH ROW EXECUTE FUNCTION trail_head_advances();
CREATE TRIGGER trail_head_stays BEFORE DELETE OR TRUNCATE ON trail_head
    FOR EACH STATEMENT EXECUTE FUNCTION trail_refuse();

CREATE INDEX trail_event_request ON trail_event (request_id, seq DESC);
"""

BACK = """
DROP INDEX trail_event_request;
DROP TRIGGER trail_head_stays ON trail_head;
DROP TRIGGER trail_head_advances ON trail_head;
DROP TRIGGER trail_event_continues ON trail_event;
DROP FUNCTION trail_head_advances();
DROP FUNCTION trail_event_continues();
"""


class Migration(migrations.Migration):
    dependencies = [("trail", "0002_state")]
    operations = [
        migrations.RunSQL(GUARDS, BACK),
        migrations.CreateModel(
            name="TrailVerification",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(auto_now_add=True)),
                ("asked_by_name", models.CharField(max_length=120)),
                ("events", models.BigIntegerField()),
                ("anchors", models.BigIntegerField()),
                ("finding_count", models.BigIntegerField()),
                ("findings", models.JSONField(default=list)),
                ("notes", models.JSONField(default=list)),
            ],
            options={"ordering": ["-id"]},
        ),
    ]
