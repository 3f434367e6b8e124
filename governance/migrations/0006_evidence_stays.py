"""What was found, answered or reviewed is never removed outside the demo."""

from django.db import migrations

# How each table's rows lead to the model that says whether they belong to the demo.
WAYS = {
    "governance_gatedecision": "m.id = (SELECT model_id FROM registry_modelversion WHERE id = OLD.version_id)",
    "governance_checkrun": "m.id = (SELECT model_id FROM registry_modelversion WHERE id = OLD.version_id)",
    "governance_artifactmanifest": "m.id = (SELECT model_id FROM registry_modelversion WHERE id = OLD.version_id)",
    "governance_checkresult": "m.id = (SELECT v.model_id FROM governance_checkrun r JOIN registry_modelversion v ON v.id = r.version_id WHERE r.id = OLD.run_id)",
    "governance_tierassessment": "m.id = OLD.model_id",
    "governance_emergencyreview": "m.id = (SELECT v.model_id FROM governance_approvalrequest r JOIN registry_modelversion v ON v.id = r.version_id WHERE r.id = OLD.request_id)",
    "governance_deploymentapproval": "m.id = (SELECT v.model_id FROM registry_deployment d JOIN registry_modelversion v ON v.id = d.version_id WHERE d.id = OLD.deployment_id)",
}
GUARD = """
CREATE FUNCTION {table}_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM registry_registeredmodel m WHERE m.is_demo AND {way}) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'A row of {table} is never removed.';
END
$$;
CREATE TRIGGER {table}_stays BEFORE DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION {table}_stays();
"""
UNDO = "DROP TRIGGER {table}_stays ON {table}; DROP FUNCTION {table}_stays();"


class Migration(migrations.Migration):
    dependencies = [("governance", "0005_writeback_waiting")]

    operations = [
        migrations.RunSQL(GUARD.format(table=table, way=way), UNDO.format(table=table))
        for table, way in WAYS.items()
    ]
