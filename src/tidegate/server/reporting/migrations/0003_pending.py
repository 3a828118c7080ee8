"""The view of items says which wait for a decision."""

from django.db import migrations

from tidegate.server.reporting.views import show_items


def make(apps, schema_editor):
    for statement in show_items(schema_editor.connection.vendor):
        schema_editor.execute(statement)


def take_away(apps, schema_editor):
    for statement in show_items(schema_editor.connection.vendor, pending=False):
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("reporting", "0002_views"), ("content", "0004_pending")]

    operations = [migrations.RunPython(make, take_away)]
