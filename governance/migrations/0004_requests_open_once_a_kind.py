from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("governance", "0003_promotion_details")]

    operations = [
        migrations.AddField("approvalrequest", "notices", models.JSONField(default=dict)),
        migrations.RemoveConstraint("approvalrequest", "request_open_once"),
        migrations.AddConstraint(
            "approvalrequest",
            models.UniqueConstraint(
                condition=Q(("state__in", ("draft", "submitted", "in_review", "changes_requested"))),
                fields=("version", "environment", "kind"),
                name="request_open_once",
            ),
        ),
    ]
