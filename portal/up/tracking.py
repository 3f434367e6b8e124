"""The embedded MLflow server, on a database of its own."""

import os
import urllib.error
import urllib.request
from importlib.metadata import version
from pathlib import Path

from portal.up import database, processes
from portal.up.home import Home
from portal.up.processes import Child

# Its assistants and traces are not used here, and each of these costs seconds at start.
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
}


def url(port: int) -> str:
    """Where it listens."""
    return f"http://127.0.0.1:{port}"


def environment(home: Home, encryption_key: str) -> dict[str, str]:
    """What the server reads; webhooks may go to this very machine, where the portal listens."""
    passed = {
        name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TZ") if name in os.environ
    }
    return {
        **passed,
        **QUIET,
        "SIGNET_HOME": str(home.root),
        "MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http,https",
        "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true",
        "MLFLOW_WEBHOOK_CACHE_TTL": "5",  # a new subscription works after seconds, not a minute
        "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY": encryption_key,
        "SIGNET_MLFLOW_STORE": store(home),
        "SIGNET_MLFLOW_ARTIFACTS": str(home.root / "artifacts"),
    }


def store(home: Home, name: str = "mlflow") -> str:
    """The address of its database as SQLAlchemy reads it."""
    return database.url(home, database.TRACKING, name).replace("://", "+psycopg://", 1)


def start(home: Home, port: int, encryption_key: str) -> Child:
    """Start the server; it answers some seconds later."""
    (home.root / "artifacts").mkdir(mode=0o700, exist_ok=True)
    values = environment(home, encryption_key)
    _upgrade(home, values)
    return processes.start(
        home,
        "mlflow",
        "MLflow",
        processes.python("portal.up.tracking_server", str(port)),
        environment=values,
        folder=Path(__file__).resolve().parents[2],
    )


def _upgrade(home: Home, values: dict[str, str]) -> None:
    """Bring the tables of an older MLflow up to this one; the server itself makes new ones."""
    mark, now = home.root / "mlflow-version", version("mlflow")
    before = mark.read_text() if mark.exists() else now
    if before != now:
        command = processes.python("mlflow", "db", "upgrade", store(home))
        processes.run(
            home, "mlflow-upgrade", "The upgrade of MLflow's tables", command, environment=values
        )
    mark.write_text(now)


def answers(address: str, seconds: float = 2.0) -> bool:
    """Whether an MLflow server says that it is healthy."""
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=seconds) as response:  # noqa: S310
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False
