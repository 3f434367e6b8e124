"""The portal's own processes: web server, worker and clock."""

import http.client
import json
import os
from collections.abc import Mapping

import psutil

from portal.env import ROOT
from portal.up import processes
from portal.up.home import Home
from portal.up.processes import Child

WEB = (
    *("--workers", "1", "--threads", "8", "--graceful-timeout", "5"),
    *("--no-control-socket", "--access-logfile", "-"),
    *("--logger-class", "portal.access_log.AccessLog"),
)
WORKER = ("--loglevel", "INFO", "--concurrency", "2", "--without-gossip", "--without-mingle")


def start(home: Home, port: int, values: Mapping[str, str]) -> list[Child]:
    """Start all three."""
    environment = {**os.environ, **values, "PYTHONUNBUFFERED": "1"}
    celery = ("celery", "-A", "portal")
    schedule = home.root / "beat"
    schedule.mkdir(mode=0o700, exist_ok=True)
    commands = {
        ("web", "The web server"): ("gunicorn", "portal.wsgi", "--bind", f"127.0.0.1:{port}", *WEB),
        ("worker", "The worker"): (*celery, "worker", *WORKER),
        ("beat", "The clock (beat)"): (
            *(*celery, "beat", "--loglevel", "INFO", "--pidfile="),
            *("--schedule", str(schedule / "schedule")),
        ),
    }
    return [
        processes.start(
            home, name, title, processes.python(*command), environment=environment, folder=ROOT
        )
        for (name, title), command in commands.items()
    ]


def readiness(port: int) -> tuple[bool, str]:
    """Whether the portal says that it and all it needs are there, and what it says otherwise."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz", headers={"Host": f"localhost:{port}"})
        response = connection.getresponse()
        body = response.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return False, str(error)
    finally:
        connection.close()
    return response.status == 200, _short(body)


def listens(web: Child, port: int) -> bool:
    """Whether it is our web server that answers there, and not another program's."""
    try:
        open_ports = psutil.Process(web.popen.pid).net_connections("tcp")
    except psutil.Error:
        return False
    return any(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in open_ports)


def _short(body: str) -> str:
    try:
        return json.dumps(json.loads(body))[:500]
    except ValueError:
        return body[:200]
