"""A real MLflow server to log to; pytest reads this before Django is ready."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.registry.writer import Writer

if TYPE_CHECKING:
    from registry.sources.models import Source


@pytest.fixture(scope="session")
def writer(mlflow_server: str) -> Iterator[Writer]:
    made = Writer(mlflow_server)
    yield made
    made.client.close()


@pytest.fixture
def source(db: None, mlflow_server: str) -> "Source":
    from tests.factories import make_source

    return make_source("MLflow", base_url=mlflow_server, public_url=mlflow_server)
