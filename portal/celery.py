"""Celery: carries nudges to workers. The record of work is the job row (portal/jobs)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
app = Celery("signet")
app.config_from_object("portal.celery_settings")
