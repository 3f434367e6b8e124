"""What the person may choose, read from the environment and checked."""

import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass

import psutil

from portal.env import state_home
from portal.up.home import Home
from portal.up.trouble import Trouble


@dataclass(frozen=True)
class Options:
    """How to start on this machine."""

    home: Home
    port: int
    mlflow_port: int
    own_database: bool
    own_broker: bool
    own_mlflow: bool
    demo: bool

    @property
    def needs_postgres(self) -> bool:
        """MLflow keeps its runs in PostgreSQL too."""
        return self.own_database or self.own_mlflow


def read(values: Mapping[str, str] = os.environ) -> Options:
    """Read the choices; Trouble for one that makes no sense."""
    own_database = not values.get("DATABASE_URL")
    options = Options(
        home=Home(state_home(values)),
        port=_port(values, "PORT", 8000),
        mlflow_port=_port(values, "MLFLOW_PORT", 5000),
        own_database=own_database,
        own_broker=not values.get("CELERY_BROKER_URL"),
        own_mlflow=not values.get("MLFLOW_TRACKING_URI"),
        demo=_demo(values, own_database and not values.get("MLFLOW_TRACKING_URI")),
    )
    if options.own_mlflow and options.port == options.mlflow_port:
        raise Trouble(f"PORT and MLFLOW_PORT are both {options.port}. Choose two different ones.")
    return options


def _port(values: Mapping[str, str], name: str, default: int) -> int:
    text = values.get(name) or str(default)
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 0 < int(text) < 65536:
        raise Trouble(
            f"{name} is {text!r}; expected a whole number from 1 to 65535. "
            f"For example: {name}={default + 1} make run"
        )
    return int(text)


def _demo(values: Mapping[str, str], default: bool) -> bool:
    """Demo data is never loaded into somebody's own database or MLflow unless they ask for it."""
    text = values.get("SIGNET_DEMO", "").lower()
    if text in ("0", "false", "no", "off"):
        return False
    if text in ("1", "true", "yes", "on"):
        return True
    if text:
        raise Trouble(f"SIGNET_DEMO is {text!r}; expected 1 (load demo data) or 0 (do not).")
    return default


def check_port(name: str, port: int) -> None:
    """Trouble when nobody could listen on a port, with who holds it where that can be seen."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            return
        except PermissionError:
            raise Trouble(
                f"Only root may open port {port}. Choose one above 1023: {name}=8000 make run"
            ) from None
        except OSError:
            pass
    raise Trouble(
        f"Port {port} is in use{_holder(port)}. Stop that program, "
        f"or choose another port: {name}={_free_port(port)} make run"
    )


def _holder(port: int) -> str:
    try:
        for connection in psutil.net_connections(kind="tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
                process = psutil.Process(connection.pid)
                return f" by {process.name()} (process {process.pid})"
    except (psutil.Error, OSError, ValueError, TypeError):
        pass
    return ""


def _free_port(after: int) -> int:
    for port in range(after + 1, min(after + 200, 65536)):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port
    return 8000
