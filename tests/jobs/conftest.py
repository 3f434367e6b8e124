"""A worker and a clock for the tests that need them, and a broker of their own for all.

Django is not set up yet when this is loaded, so what needs it is imported where it is used.
"""

import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.jobs.engine import Process


def use_broker(url: str) -> None:
    """Make this process talk to another broker, as if it had been started with it."""
    from portal.celery import app
    from portal.jobs import nudge

    nudge._drop()
    nudge._down_until = 0.0
    app.conf.broker_url = app.conf.broker_write_url = url


@pytest.fixture(scope="session")
def broker_url() -> str:
    """The tests' Valkey, with a database that no other process of the run uses."""
    from django.conf import settings

    number = int(re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "0")) or 0)
    return settings.BROKER_URL.replace("virtual_host=0", f"virtual_host={1 + number % 15}")


@pytest.fixture(autouse=True)
def own_broker(broker_url: str) -> Iterator[None]:
    """Send this process's nudges to that database."""
    from django.conf import settings

    import tests.jobs.kinds  # noqa: F401

    use_broker(broker_url)
    yield
    use_broker(settings.BROKER_URL)


@pytest.fixture
def broker_down(own_broker: None) -> None:
    """A broker that refuses connections."""
    use_broker("redis://127.0.0.1:1/0")


@pytest.fixture(scope="module")
def running(
    django_db_setup: None,
    django_db_blocker: Any,
    broker_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> "Iterator[Process]":
    """A real worker and a real clock, until the last test of the module."""
    from portal.jobs.models import Job, Probe, WorkerHeartbeat
    from tests.jobs import engine

    folder = tmp_path_factory.mktemp("jobs")
    with django_db_blocker.unblock():
        clock, worker = engine.beat(broker_url, folder), engine.worker(broker_url, folder)
    with clock, worker as process:
        yield process
    with django_db_blocker.unblock():
        # What the worker wrote after the last test's own cleaning.
        for model in (Job, Probe, WorkerHeartbeat):
            model.objects.all().delete()
