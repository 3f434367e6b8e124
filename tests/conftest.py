"""What every test may use. Importing `tests.services` comes first: it makes the environment."""

from tests.services import mlflow_server, pytest_sessionstart, pytest_unconfigure  # isort: skip

import gc
from collections.abc import Iterator

import django
import pytest

__all__ = ["mlflow_server", "pytest_sessionstart", "pytest_unconfigure"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """`pytest tests/test_access.py -n0 --rewrite-access` writes the access table anew."""
    parser.addoption("--rewrite-access", action="store_true", help="write tests/access.json anew")


def pytest_configure() -> None:
    """Read Django's settings from the environment that `tests.services` has made by now."""
    django.setup()
    from django.conf import settings

    # Pages name their files as they are in the tree; nothing has to be collected first.
    settings.STORAGES["staticfiles"]["BACKEND"] = (
        "django.contrib.staticfiles.storage.StaticFilesStorage"
    )
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    # What is imported by now stays; without this the collector walks over it again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def _run_as(user: str) -> None:
    """Make the default connection that of another role from here on."""
    from django.db import connections

    connections["default"].close()
    connections["default"].settings_dict["USER"] = user


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    """Make the test database as its owner."""
    from django.conf import settings

    _run_as(settings.DATABASES["owner"]["USER"])


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: object) -> Iterator[None]:
    """Run every test as the role that the application runs as."""
    from django.conf import settings

    with django_db_blocker.unblock():
        _let_flush(settings.RUNTIME_ROLE)
        _run_as(settings.RUNTIME_ROLE)
    yield
    with django_db_blocker.unblock():
        _end_connections()
        _run_as(settings.DATABASES["owner"]["USER"])


def _let_flush(role: str) -> None:
    """Tests with real transactions end in TRUNCATE, which the application itself never needs."""
    from django.db import connections

    from portal.dbroles import TRAIL_TABLES

    with connections["default"].cursor() as cursor:
        tables = set(connections["default"].introspection.table_names(cursor)) - set(TRAIL_TABLES)
        for table in sorted(tables):
            cursor.execute(f'GRANT TRUNCATE ON "{table}" TO "{role}"')


def _end_connections() -> None:
    """Close what would keep the test database from being dropped, also in other threads."""
    from django.db import connections

    from portal.up import database
    from tests.services import HOME

    name = connections["default"].settings_dict["NAME"]
    connections.close_all()
    with database.connect(HOME) as superuser:
        superuser.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )
