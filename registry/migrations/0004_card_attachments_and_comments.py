"""Files beside a card's answers, and what people say about them."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


GUARD = """
CREATE FUNCTION registry_cardattachment_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    later text[] := ARRAY['uploaded_by_id', 'replaced_by_id', 'withdrawn_at', 'withdrawn_by_name',
                          'withdrawn_reason'];
BEGIN
    IF EXISTS (
        SELECT 1 FROM registry_modelversion v
        JOIN registry_registeredmodel m ON m.id = v.model_id
        WHERE v.id = OLD.version_id AND m.is_demo
    ) THEN
        RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'A file on a model card is never removed, only withdrawn.';
    END IF;
    IF (to_jsonb(NEW) - later) <> (to_jsonb(OLD) - later)
        OR (OLD.withdrawn_at IS NOT NULL AND NEW.withdrawn_at IS DISTINCT FROM OLD.withdrawn_at)
        OR (OLD.replaced_by_id IS NOT NULL
            AND NEW.replaced_by_id IS DISTINCT FROM OLD.replaced_by_id)
        OR (NEW.uploaded_by_id IS NOT NULL
            AND NEW.uploaded_by_id IS DISTINCT FROM OLD.uploaded_by_id) THEN
        RAISE EXCEPTION 'A file on a model card is never changed, only replaced or withdrawn.';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER registry_cardattachment_guard BEFORE UPDATE OR DELETE ON registry_cardattachment
    FOR EACH ROW EXECUTE FUNCTION registry_cardattachment_guard();
"""
UNDO = """
DROP TRIGGER registry_cardattachment_guard ON registry_cardattachment;
DROP FUNCTION registry_cardattachment_guard();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('registry', '0003_card_pins'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CardAttachment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('field_key', models.CharField(blank=True, max_length=80)),
                ('name', models.CharField(max_length=160)),
                ('kind', models.CharField(choices=[('pdf', 'PDF'), ('png', 'PNG picture'), ('csv', 'CSV table'), ('html', 'HTML page')], max_length=4)),
                ('size', models.PositiveIntegerField()),
                ('sha256', models.CharField(max_length=64)),
                ('stored_as', models.CharField(max_length=200)),
                ('effective_on', models.DateField(blank=True, null=True)),
                ('expires_on', models.DateField(blank=True, null=True)),
                ('uploaded_by_name', models.CharField(max_length=120)),
                ('uploaded_at', models.DateTimeField(auto_now_add=True)),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True)),
                ('withdrawn_by_name', models.CharField(blank=True, max_length=120)),
                ('withdrawn_reason', models.CharField(blank=True, max_length=300)),
                ('replaced_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='replaces', to='registry.cardattachment')),
                ('uploaded_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='card_attachments', to='registry.modelversion')),
            ],
            options={
                'ordering': ['number'],
                'indexes': [models.Index(fields=['stored_as'], name='card_attachment_stored'), models.Index(fields=['sha256'], name='card_attachment_content')],
                'constraints': [models.UniqueConstraint(fields=('version', 'number'), name='card_attachment_once'), models.CheckConstraint(condition=models.Q(('expires_on__isnull', True), ('effective_on__isnull', True), ('expires_on__gte', models.F('effective_on')), _connector='OR'), name='card_attachment_dates')],
            },
        ),
        migrations.CreateModel(
            name='CardComment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('field_key', models.CharField(blank=True, max_length=80)),
                ('text', models.TextField()),
                ('about_text', models.TextField(blank=True)),
                ('about_digest', models.CharField(blank=True, max_length=64)),
                ('author_name', models.CharField(max_length=120)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('edited_at', models.DateTimeField(blank=True, null=True)),
                ('resolved_at', models.DateTimeField(blank=True, null=True)),
                ('resolved_by_name', models.CharField(blank=True, max_length=120)),
                ('author', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='replies', to='registry.cardcomment')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='card_comments', to='registry.modelversion')),
            ],
            options={
                'ordering': ['number'],
                'constraints': [models.UniqueConstraint(fields=('version', 'number'), name='card_comment_once'), models.CheckConstraint(condition=models.Q(('parent__isnull', True), ('resolved_at__isnull', True), _connector='OR'), name='card_comment_reply_open')],
            },
        ),
        migrations.RunSQL(GUARD, UNDO),
    ]
