"""A broker that is down, hangs or was restarted delays nobody."""

import socket
import time
from collections.abc import Iterator

import pytest

from portal.jobs import nudge
from portal.jobs.nudge import BrokerDown
from tests.jobs.conftest import use_broker


@pytest.fixture
def hanging_broker(own_broker: None) -> Iterator[None]:
    """A broker that takes connections and never answers."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(8)
        use_broker(f"redis://127.0.0.1:{server.getsockname()[1]}/0")
        yield


def test_a_nudge_arrives() -> None:
    before = nudge.queue_length()
    assert nudge.nudge(1)
    nudge.nudge_tick()
    assert nudge.queue_length() == before + 2


def test_a_broker_that_is_down_is_said_within_a_second(broker_down: None) -> None:
    started = time.monotonic()
    assert not nudge.nudge(1)
    with pytest.raises(BrokerDown):
        nudge.queue_length()
    assert time.monotonic() - started < 1


def test_a_broker_that_hangs_costs_one_request_a_second_and_the_next_ones_nothing(
    hanging_broker: None,
) -> None:
    started = time.monotonic()
    assert not nudge.nudge(1)
    first = time.monotonic() - started
    for _ in range(20):
        assert not nudge.nudge(1)
    assert first < 1
    assert time.monotonic() - started < first + 0.2


def test_a_connection_that_the_broker_closed_is_made_anew() -> None:
    assert nudge.nudge(1)
    number = nudge._ask(lambda link: link.default_channel.client.client_id())
    nudge._links[next(iter(nudge._links))].default_channel.client.client_kill_filter(
        _id=number, skipme=False
    )
    assert nudge.nudge(1)
