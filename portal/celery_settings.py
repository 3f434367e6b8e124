"""Celery's settings: work survives a killed worker and a wiped broker (docs/operations.md).

They are those that were measured to lose nothing; tests/jobs/test_settings.py holds them.
"""

from django.conf import settings

_VISIBILITY = {"visibility_timeout": 1800}  # at least twice the hard time limit

broker_url = settings.BROKER_URL
broker_connection_retry_on_startup = True
broker_transport_options = {
    **_VISIBILITY,
    "unacked_restore_interval": 15,
    "unacked_restore_throttle": 1,
    "health_check_interval": 25,
    "socket_timeout": 30,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
}
result_backend_transport_options = _VISIBILITY
visibility_timeout = 1800

imports = ["portal.jobs.tasks", "portal.jobs.worker"]
task_acks_late = True
task_reject_on_worker_lost = True
task_ignore_result = True
task_soft_time_limit = 840
task_time_limit = 900
task_serializer = "json"
result_serializer = "json"
accept_content = ["json"]
# Of Redis' four steps 0 is served first: a tick overtakes a long backlog of jobs.
task_default_priority = 3

worker_prefetch_multiplier = 1
worker_cancel_long_running_tasks_on_connection_loss = True
worker_soft_shutdown_timeout = 60
worker_max_tasks_per_child = 50
worker_hijack_root_logger = False

beat_scheduler = "portal.jobs.beat:OneBeat"
beat_max_loop_interval = 5
beat_schedule = {
    "tick": {
        "task": "portal.jobs.tick",
        "schedule": 10.0,
        "options": {"priority": 0, "expires": 30},
    }
}
timezone = "UTC"
