from collections.abc import Iterator

import pytest

from tests.connectors.peer import Peer, running_peer


@pytest.fixture
def peer() -> Iterator[Peer]:
    with running_peer() as made:
        yield made
