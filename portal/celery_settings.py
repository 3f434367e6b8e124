"""Celery's settings: work survives a killed worker and a wiped broker (see docs/operations.md)."""

from django.conf import settings

broker_url = settings.BROKER_URL
task_acks_late = True
task_reject_on_worker_lost = True
task_ignore_result = True
task_soft_time_limit = 840
task_time_limit = 900
task_serializer = "json"
result_serializer = "json"
accept_content = ["json"]
visibility_timeout = 1800
broker_transport_options = {
    "visibility_timeout": 1800,
    "unacked_restore_interval": 15,
    "unacked_restore_throttle": 1,
    "health_check_interval": 25,
    "socket_timeout": 30,
    "socket_keepalive": True,
}
broker_connection_retry_on_startup = True
worker_prefetch_multiplier = 1
worker_cancel_long_running_tasks_on_connection_loss = True
worker_soft_shutdown_timeout = 60
worker_max_tasks_per_child = 50
worker_hijack_root_logger = False
timezone = "UTC"
