"""The second lock: see docs/people.md. A table of a later migration brings its own `HoldRows`."""

from django.db import migrations

from tidegate.server.zones.policies import HoldRows


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("content", "0003_signals"),
        ("events", "0001_initial"),
        ("delivery", "0001_initial"),
        ("ledger", "0001_initial"),
        ("people", "0003_roles_and_zones"),
    ]

    operations = [
        HoldRows("content_item"),
        HoldRows("content_itemversion", ("item_id", "content_item")),
        HoldRows("content_decision", ("item_id", "content_item")),
        HoldRows("events_event"),
        HoldRows("delivery_endpoint"),
        HoldRows("delivery_delivery", ("item_id", "content_item")),
        HoldRows("ledger_entry", common=True),
        HoldRows("people_apikey"),
    ]
