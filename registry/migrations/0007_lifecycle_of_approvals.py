from django.db import migrations, models

LIFECYCLE = [
    ("empty", "No version yet"),
    ("registered", "Registered"),
    ("in_review", "In review"),
    ("returned", "Changes requested"),
    ("approved", "Approved"),
    ("rejected", "Rejected"),
    ("lapsed", "Approval expired"),
    ("deployed", "Deployed"),
    ("retired", "Retired"),
    ("gone", "Gone at source"),
]


class Migration(migrations.Migration):
    dependencies = [("registry", "0006_card_drafts")]

    operations = [
        migrations.AlterField(
            model_name="modelversion",
            name="lifecycle",
            field=models.CharField(choices=LIFECYCLE, default="registered", max_length=12),
        ),
        migrations.AlterField(
            model_name="registeredmodel",
            name="lifecycle",
            field=models.CharField(choices=LIFECYCLE, default="empty", max_length=12),
        ),
    ]
