"""What was signed, decided or answered is never changed, and never removed outside the demo."""

from django.db import migrations

# Rows that nothing may change: table, and the columns that may go empty with an account.
FROZEN = {
    "governance_tierassessment": ["by_id"],
    "governance_signoff": [],
    "governance_emergencyreview": [],
    "governance_gatedecision": ["version_id"],
    "governance_artifactmanifest": [],
    "governance_checkrun": ["manifest_id"],
    "governance_checkresult": [],
    "governance_deploymentapproval": ["by_id"],
}
GUARD = """
CREATE FUNCTION {table}_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    free text[] := ARRAY[{free}]::text[];
    name text;
BEGIN
    IF (to_jsonb(NEW) - free) = (to_jsonb(OLD) - free) THEN
        FOREACH name IN ARRAY free LOOP
            IF to_jsonb(NEW) ->> name IS NOT NULL
                AND to_jsonb(NEW) ->> name IS DISTINCT FROM to_jsonb(OLD) ->> name THEN
                RAISE EXCEPTION 'A row of {table} is never changed.';
            END IF;
        END LOOP;
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'A row of {table} is never changed.';
END
$$;
CREATE TRIGGER {table}_guard BEFORE UPDATE ON {table}
    FOR EACH ROW EXECUTE FUNCTION {table}_guard();
"""
UNDO = "DROP TRIGGER {table}_guard ON {table}; DROP FUNCTION {table}_guard();"

POLICY = """
CREATE FUNCTION governance_policyrevision_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'draft' THEN
        RAISE EXCEPTION 'A published policy revision is never changed or removed.';
    END IF;
    RETURN COALESCE(NEW, OLD);
END
$$;
CREATE TRIGGER governance_policyrevision_guard BEFORE UPDATE OR DELETE
    ON governance_policyrevision
    FOR EACH ROW EXECUTE FUNCTION governance_policyrevision_guard();
"""
UNDO_POLICY = UNDO.format(table="governance_policyrevision")

REMOVAL = """
CREATE FUNCTION governance_signoff_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM governance_approvalrequest r WHERE r.id = OLD.request_id AND r.is_demo)
    THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'A sign-off is never removed.';
END
$$;
CREATE TRIGGER governance_signoff_stays BEFORE DELETE ON governance_signoff
    FOR EACH ROW EXECUTE FUNCTION governance_signoff_stays();
"""
UNDO_REMOVAL = """
DROP TRIGGER governance_signoff_stays ON governance_signoff;
DROP FUNCTION governance_signoff_stays();
"""


def guard(table: str, free: list[str]) -> str:
    """The statements that keep a table's rows as they were written."""
    return GUARD.format(table=table, free=", ".join(f"'{name}'" for name in free))


class Migration(migrations.Migration):
    dependencies = [("governance", "0001_initial")]

    operations = [
        *(
            migrations.RunSQL(guard(table, free), UNDO.format(table=table))
            for table, free in FROZEN.items()
        ),
        migrations.RunSQL(POLICY, UNDO_POLICY),
        migrations.RunSQL(REMOVAL, UNDO_REMOVAL),
    ]
