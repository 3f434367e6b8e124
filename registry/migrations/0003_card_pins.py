"""Pins: which revisions of a card must stay the ones that were read."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

GUARD = """
CREATE FUNCTION registry_cardpin_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- The account of who pinned may go; the name stays.
    IF NEW.by_id IS NULL AND (to_jsonb(NEW) - 'by_id') = (to_jsonb(OLD) - 'by_id') THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'A pin on a revision is never changed.';
END
$$;
CREATE TRIGGER registry_cardpin_guard BEFORE UPDATE ON registry_cardpin
    FOR EACH ROW EXECUTE FUNCTION registry_cardpin_guard();
"""
UNDO = """
DROP TRIGGER registry_cardpin_guard ON registry_cardpin;
DROP FUNCTION registry_cardpin_guard();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0002_card_revisions_stay"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CardPin",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reason", models.CharField(max_length=300)),
                ("by_name", models.CharField(max_length=120)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "revision",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="pin",
                        to="registry.cardrevision",
                    ),
                ),
            ],
        ),
        migrations.RunSQL(GUARD, UNDO),
    ]
