import django.db.models.deletion
from django.db import migrations, models

from tidegate.server.zones.policies import HoldRows


class Migration(migrations.Migration):
    dependencies = [
        ("content", "0003_signals"),
        ("zones", "0001_row_policies"),
    ]

    operations = [
        migrations.AddField(
            model_name="item",
            name="pending_since",
            field=models.DateTimeField(null=True),
        ),
        migrations.CreateModel(
            name="Pending",
            fields=[
                (
                    "item",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="pending",
                        serialize=False,
                        to="content.item",
                    ),
                ),
                ("item_version", models.IntegerField()),
                ("strategy", models.CharField(max_length=100)),
                ("strategy_version", models.CharField(max_length=100)),
                ("waits_for", models.CharField(max_length=200)),
                ("signals", models.TextField()),
                ("detectors", models.TextField()),
                ("search", models.TextField(null=True)),
                ("since", models.DateTimeField()),
                ("claim", models.UUIDField(null=True)),
                ("claimed_at", models.DateTimeField(null=True)),
                ("claimed_until", models.DateTimeField(null=True)),
            ],
            options={"indexes": [models.Index(fields=["since"], name="pending_since")]},
        ),
        HoldRows("content_pending", ("item_id", "content_item")),
    ]
