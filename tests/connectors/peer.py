"""A peer that misbehaves on purpose: a stub of faults. What works is tested on the real MLflow."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Answer:
    """What the peer sends back: a body of any kind, and whether it hangs up in the middle of it."""

    body: bytes | dict[str, Any] = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hang_up: bool = False


@dataclass
class Asked:
    """One request that reached the peer."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]


class Peer:
    """Answers each request by asking `reply`, and remembers it."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.reply: Callable[[Asked], Answer] = healthy
        self.address = ""

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]


def healthy(asked: Asked) -> Answer:
    """An MLflow server without any model."""
    return Answer(b"3.17.2") if asked.path == "/version" else Answer({})


@contextmanager
def running_peer() -> Iterator[Peer]:
    peer = Peer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = Asked(self.command, parts.path, query, dict(self.headers))
            peer.asked.append(asked)
            self.send(peer.reply(asked))

        do_POST = do_PATCH = do_DELETE = do_GET

        def send(self, answer: Answer) -> None:
            raw = answer.body
            body = json.dumps(raw).encode() if isinstance(raw, dict) else raw
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body) + (1000 if answer.hang_up else 0)))
            self.end_headers()
            self.wfile.write(body)
            if answer.hang_up:
                self.close_connection = True

        def log_message(self, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *args: Any) -> None:
            pass  # clients that give up are what these tests are about

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    peer.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield peer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
