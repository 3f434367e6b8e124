"""The shell of Signet: settings, URLs, people, the trail and durable jobs."""

from portal.celery import app as celery_app

__all__ = ["celery_app"]
