"""The trail's tables, in SQL: append-only by trigger, and owned by the role that migrates."""

from django.db import migrations, models

TABLES = """
CREATE TABLE trail_event (
    seq bigint PRIMARY KEY,
    prev varchar(64) NOT NULL,
    hash varchar(64) NOT NULL UNIQUE,
    body text NOT NULL,
    at timestamptz NOT NULL,
    actor_key varchar(80) NOT NULL,
    actor_name varchar(120) NOT NULL,
    verb varchar(60) NOT NULL,
    subject_kind varchar(40) NOT NULL,
    subject_id varchar(120) NOT NULL,
    subject_label varchar(300) NOT NULL,
    request_id varchar(40) NOT NULL
);
CREATE INDEX trail_event_subject ON trail_event (subject_kind, subject_id, seq DESC);
CREATE INDEX trail_event_actor ON trail_event (actor_key, seq DESC);
CREATE INDEX trail_event_verb ON trail_event (verb, seq DESC);
CREATE INDEX trail_event_at ON trail_event (at);
CREATE TABLE trail_head (
    id smallint PRIMARY KEY CHECK (id = 1),
    seq bigint NOT NULL,
    hash varchar(64) NOT NULL
);
INSERT INTO trail_head VALUES (1, 0, repeat('0', 64));
CREATE TABLE trail_anchor (
    seq bigint PRIMARY KEY,
    first_seq bigint NOT NULL,
    hash varchar(64) NOT NULL,
    merkle_root varchar(64) NOT NULL,
    at timestamptz NOT NULL,
    reason varchar(60) NOT NULL,
    signature varchar(128) NOT NULL,
    public_key varchar(64) NOT NULL
);
CREATE FUNCTION trail_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The trail is append-only: % on % is refused.', TG_OP, TG_TABLE_NAME;
END $$;
CREATE TRIGGER trail_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON trail_event
    FOR EACH STATEMENT EXECUTE FUNCTION trail_refuse();
CREATE TRIGGER trail_anchor_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON trail_anchor
    FOR EACH STATEMENT EXECUTE FUNCTION trail_refuse();
"""

BACK = """
DROP TABLE trail_event, trail_head, trail_anchor;
DROP FUNCTION trail_refuse();
"""


class Migration(migrations.Migration):
    initial = True
    dependencies: list[tuple[str, str]] = []
    operations = [migrations.RunSQL(TABLES, BACK)]
