"""The product's Celery application with the tests' kinds of jobs and a faster clock."""

import os

import django

from portal.celery import app

django.setup()

from portal.jobs.schedule import LOOKS, RECURRING  # noqa: E402

RECURRING.clear()
LOOKS.clear()
app.conf.broker_url = os.environ["CELERY_BROKER_URL"]
app.conf.imports = [*app.conf.imports, "tests.jobs.kinds"]
app.conf.beat_schedule["tick"]["schedule"] = 0.5
app.conf.beat_max_loop_interval = 0.5
