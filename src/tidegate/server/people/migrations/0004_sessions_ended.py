from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0003_roles_and_zones")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="sessions_ended_at",
            field=models.DateTimeField(null=True),
        ),
    ]
