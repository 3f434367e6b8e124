"""Asking another system over HTTP: exact time-outs, one retry, no redirects, no endless answers."""

import json
import math
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from registry.connectors import untrusted
from registry.connectors.base import BadAnswer, Forbidden, NotFound, TooLarge, Unreachable

CONNECT_SECONDS, READ_SECONDS, WHOLE_SECONDS = 3.0, 30.0, 90.0
LONGEST_PAUSE = 10.0
MEGABYTE = 1024 * 1024
# Bytes a second below which a file's sender is given up on, after the first WHOLE_SECONDS.
SLOWEST = MEGABYTE // 10


class Http:
    """One system's HTTP interface; safe to use from several threads."""

    def __init__(
        self, system: str, base_url: str, *, auth: tuple[str, str] | None, token: str
    ) -> None:
        self.system = system
        parts = urlsplit(base_url)
        self.address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/")
        self.requests = 0
        self._count = threading.Lock()
        self._client = httpx.Client(
            base_url=base_url,
            auth=auth,
            headers={
                "Accept": "application/json",
                **({"Authorization": f"Bearer {token}"} if token else {}),
            },
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=8),
            follow_redirects=False,
            trust_env=False,
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def json(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        limit: int = 64 * MEGABYTE,
    ) -> Mapping[str, Any]:
        """The JSON object that the system answers with."""
        raw = self.raw(method, path, params=params, body=body, limit=limit)
        try:
            answer = json.loads(raw)
        except (ValueError, RecursionError):
            raise BadAnswer(
                f"{self.system} at {self.address} answered with something that is not JSON "
                f"({_start_of(raw)}). Check that the address is that of {self.system} itself."
            ) from None
        if not isinstance(answer, dict):
            raise BadAnswer(f"{self.system} answered {path} with JSON that is not an object.")
        return answer

    def raw(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        limit: int = MEGABYTE,
    ) -> bytes:
        """The body of the answer; one more attempt when the first found the system busy or away."""
        try:
            return self._once(method, path, params, body, limit)
        except _Busy as busy:
            time.sleep(min(busy.pause, LONGEST_PAUSE))
        try:
            return self._once(method, path, params, body, limit)
        except _Busy as busy:
            raise Unreachable(str(busy)) from None

    def read_into(self, path: str, sink: Callable[[bytes], object], *, limit: int) -> int:
        """Hand a file's bytes to `sink` as they come; how many. No retry: the sink has had some."""
        with self._count:
            self.requests += 1
        try:
            with self._client.stream("GET", path, headers={"Accept": "*/*"}) as response:
                if response.status_code >= 300:
                    raise self._refused(response, self._read(response, MEGABYTE, math.inf))
                return self._pour(response, sink, limit)
        except _Busy as busy:
            raise Unreachable(str(busy)) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unreachable(
                f"{self.system} at {self.address} broke off while sending a file: {_why(error)}."
            ) from None

    def _pour(self, response: httpx.Response, sink: Callable[[bytes], object], limit: int) -> int:
        size, started = 0, time.monotonic()
        for part in response.iter_bytes(MEGABYTE):
            size += len(part)
            if size > limit:
                raise TooLarge(f"A file is larger than {limit / MEGABYTE:,.0f} MB.")
            # A sender that trickles would hold a worker for ever.
            if size < SLOWEST * (time.monotonic() - started - WHOLE_SECONDS):
                raise _Busy(f"{self.system} sent a file too slowly.")
            sink(part)
        return size

    def _once(
        self, method: str, path: str, params: Mapping[str, Any] | None, body: Any, limit: int
    ) -> bytes:
        with self._count:
            self.requests += 1
        given_up = time.monotonic() + WHOLE_SECONDS
        try:
            with self._client.stream(method, path, params=params, json=body) as response:
                raw = self._read(response, limit, given_up)
        except httpx.TimeoutException as error:
            kind = "connect" if isinstance(error, httpx.ConnectTimeout) else "answer"
            raise _Busy(f"{self.system} at {self.address} did not {kind} in time.") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _Busy(
                f"{self.system} at {self.address} cannot be reached: {_why(error)}."
            ) from None
        if response.status_code >= 300:
            raise self._refused(response, raw)
        return raw

    def _read(self, response: httpx.Response, limit: int, given_up: float) -> bytes:
        parts, size = [], 0
        for part in response.iter_bytes():
            size += len(part)
            if size > limit:
                raise TooLarge(
                    f"{self.system} answered with more than {limit / MEGABYTE:g} MB at once."
                )
            if time.monotonic() > given_up:
                raise _Busy(f"{self.system} sent its answer too slowly.")
            parts.append(part)
        return b"".join(parts)

    def _refused(self, response: httpx.Response, raw: bytes) -> Exception:
        status = response.status_code
        said = _message(raw)
        if status == 429 or status >= 500:
            pause = untrusted.number(response.headers.get("Retry-After", "")) or 0.5
            return _Busy(
                f"{self.system} answered with an error of its own ({status}): {said}", pause
            )
        if status == 404:
            return NotFound(f"{self.system} answered 404: {said}")
        if status == 401:
            return Forbidden(
                f"{self.system} asks who is calling (401). Set MLFLOW_TRACKING_USERNAME and "
                "MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN, and restart Signet."
            )
        if status == 403 and "host" in said.lower():
            return Forbidden(
                f"{self.system} refuses the host name in {self.address} (403). Name it in "
                "MLFLOW_SERVER_ALLOWED_HOSTS (or --allowed-hosts) where the server is started."
            )
        if status == 403:
            return Forbidden(f"{self.system} does not let Signet's user do this (403): {said}")
        if status < 400:
            return BadAnswer(
                f"{self.system} at {self.address} answered with a redirect ({status}), which "
                "is not followed. Use the address that it redirects to."
            )
        return BadAnswer(f"{self.system} refused the request ({status}): {said}")


class _Busy(Exception):
    """The system is away or busy; worth one more attempt."""

    def __init__(self, message: str, pause: float = 0.2) -> None:
        super().__init__(message)
        self.pause = max(pause, 0.0)


def _why(error: Exception) -> str:
    return untrusted.text(str(error) or type(error).__name__, 160).rstrip(".")


def _start_of(raw: bytes) -> str:
    shown = raw[:60].decode("utf-8", "replace").replace("\n", " ").strip()
    return f"it starts with {shown!r}" if shown else "it is empty"


def _message(raw: bytes) -> str:
    """What an MLflow error says, or the start of whatever else came."""
    try:
        found = json.loads(raw[:MEGABYTE])
    except (ValueError, RecursionError):
        found = None
    said = found.get("message") if isinstance(found, dict) else None
    return untrusted.text(said, 240) if said else _start_of(raw)
