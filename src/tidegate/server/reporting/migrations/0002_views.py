"""The views as they are in version 0.1. A change of them is a migration of its own, with its own statements."""

from django.db import migrations

from tidegate.server.reporting.views import create, drop


def make(apps, schema_editor):
    for statement in create(schema_editor.connection.vendor, pending=False):
        schema_editor.execute(statement)


def take_away(apps, schema_editor):
    for statement in drop(schema_editor.connection.vendor):
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [
        ("reporting", "0001_initial"),
        ("content", "0001_initial"),
        ("events", "0001_initial"),
        ("zones", "0001_row_policies"),
    ]

    operations = [migrations.RunPython(make, take_away)]
