"""What a worker looks at on every tick, so that `/readyz` answers without waiting for others."""

import http.client
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models.functions import Now

from portal.jobs.models import Probe, WorkerHeartbeat

PATIENCE = 2.0


def heartbeat(worker: str) -> None:
    """Write down that this worker takes work."""
    WorkerHeartbeat.objects.update_or_create(name=worker[:120], defaults={"at": Now()})


def probe_mlflow() -> None:
    """Write down whether MLflow answers its health check within two seconds."""
    ok, detail = answers(settings.MLFLOW_URI)
    Probe.objects.update_or_create(
        name="mlflow", defaults={"ok": ok, "detail": detail[:200], "at": Now()}
    )


def answers(address: str) -> tuple[bool, str]:
    """Whether a server answers `/health` at an address, and how."""
    parts = urlsplit(address)
    secure = parts.scheme == "https"
    make = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = make(parts.hostname or "", parts.port, timeout=PATIENCE)
    try:
        connection.request("GET", f"{parts.path.rstrip('/')}/health")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return False, f"does not answer ({type(error).__name__})"
    finally:
        connection.close()
    return status < 500, f"answers with HTTP {status}"
