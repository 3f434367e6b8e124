"""A card's revision never changes, and only the demo's can be removed."""

from django.db import migrations

GUARD = """
CREATE FUNCTION registry_cardrevision_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        -- The author's account may go; the name on the revision stays.
        IF NEW.author_id IS NULL
            AND (to_jsonb(NEW) - 'author_id') = (to_jsonb(OLD) - 'author_id') THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'A revision of a model card is never changed.';
    END IF;
    IF EXISTS (
        SELECT 1 FROM registry_modelversion v
        JOIN registry_registeredmodel m ON m.id = v.model_id
        WHERE v.id = OLD.version_id AND m.is_demo
    ) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'A revision of a model card is never removed.';
END
$$;
CREATE TRIGGER registry_cardrevision_guard BEFORE UPDATE OR DELETE ON registry_cardrevision
    FOR EACH ROW EXECUTE FUNCTION registry_cardrevision_guard();
"""
UNDO = """
DROP TRIGGER registry_cardrevision_guard ON registry_cardrevision;
DROP FUNCTION registry_cardrevision_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0001_initial")]

    operations = [migrations.RunSQL(GUARD, UNDO)]
