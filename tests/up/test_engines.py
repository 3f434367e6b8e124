"""The engines that the tests themselves stand on."""

import urllib.request

import pytest
from django.db import connections


def current_role(alias: str) -> str:
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT current_user")
        return str(cursor.fetchone()[0])


@pytest.mark.django_db(databases=["default", "owner"])
def test_tests_run_as_the_role_that_the_application_runs_as() -> None:
    assert (current_role("default"), current_role("owner")) == ("signet_app", "signet_owner")


@pytest.mark.django_db(transaction=True)
def test_the_application_role_may_flush_test_tables_but_not_change_the_trail() -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT has_table_privilege('accounts_user', 'TRUNCATE'),"
            " has_table_privilege('trail_event', 'TRUNCATE, UPDATE, DELETE')"
        )
        assert cursor.fetchone() == (True, False)


def test_celery_reaches_the_broker() -> None:
    from portal.celery import app

    with app.connection() as connection:
        connection.ensure_connection(max_retries=1, timeout=5)
        assert connection.connected


def test_mlflow_answers(mlflow_server: str) -> None:
    with urllib.request.urlopen(f"{mlflow_server}/health", timeout=5) as response:
        assert response.status == 200
