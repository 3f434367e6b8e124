"""Celery's settings are those that lost nothing when they were measured."""

import pytest

from portal.celery import app

VISIBILITY = 1800


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("task_acks_late", True),
        ("task_reject_on_worker_lost", True),
        ("worker_prefetch_multiplier", 1),
        ("task_ignore_result", True),
        ("task_soft_time_limit", 840),
        ("task_time_limit", 900),
        ("worker_cancel_long_running_tasks_on_connection_loss", True),
        ("worker_soft_shutdown_timeout", 60),
        ("broker_connection_retry_on_startup", True),
        ("accept_content", ["json"]),
        ("task_serializer", "json"),
        ("result_serializer", "json"),
        ("worker_max_tasks_per_child", 50),
    ],
)
def test_setting(name: str, value: object) -> None:
    assert getattr(app.conf, name) == value


def test_a_message_is_not_given_to_a_second_worker_while_the_first_may_still_work() -> None:
    assert app.conf.broker_transport_options["visibility_timeout"] == VISIBILITY
    assert app.conf.result_backend_transport_options["visibility_timeout"] == VISIBILITY
    assert app.conf.visibility_timeout == VISIBILITY
    assert 2 * app.conf.task_time_limit <= VISIBILITY


def test_lost_messages_and_dead_connections_are_found_soon() -> None:
    options = app.conf.broker_transport_options
    wanted = {
        "unacked_restore_interval": 15,
        "unacked_restore_throttle": 1,
        "health_check_interval": 25,
        "socket_timeout": 30,
        "socket_keepalive": True,
    }
    assert {name: options[name] for name in wanted} == wanted


def test_the_transport_knows_the_options() -> None:
    from kombu.transport.redis import Channel

    known = set(Channel.from_transport_options)
    assert set(app.conf.broker_transport_options) <= known


def test_no_work_waits_in_the_broker_for_its_time() -> None:
    assert not [entry for entry in app.conf.beat_schedule.values() if "eta" in entry["options"]]
    assert list(app.conf.beat_schedule) == ["tick"]
