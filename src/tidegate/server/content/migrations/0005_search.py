from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("content", "0004_pending")]

    operations = [
        migrations.AddField(
            model_name="decision",
            name="search",
            field=models.TextField(null=True),
        ),
    ]
