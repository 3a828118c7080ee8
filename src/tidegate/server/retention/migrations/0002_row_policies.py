from django.db import migrations

from tidegate.server.zones.policies import HoldRows


class Migration(migrations.Migration):
    dependencies = [("retention", "0001_initial")]

    operations = [HoldRows("retention_hold")]
