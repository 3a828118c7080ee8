from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('review', '0002_bulk'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='task',
            name='task_next',
        ),
        migrations.AddIndex(
            model_name='task',
            index=models.Index(condition=models.Q(('state', 'open')), fields=['zone', 'queue', 'rank', 'severity', 'right', 'policy', 'language'], name='task_next'),
        ),
    ]
