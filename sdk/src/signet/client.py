"""One road to the portal's API: address, token, time-outs and clear errors."""

import os
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from signet.errors import NoAnswer, Refused

TIMEOUT = httpx.Timeout(30.0, connect=10.0)


class Client:
    """Calls `/api/v1/` of one portal with one token."""

    def __init__(self, url: str, token: str, *, timeout: httpx.Timeout = TIMEOUT) -> None:
        self.url = _address(url)
        self._http = httpx.Client(
            base_url=f"{self.url}/api/v1/",
            # A redirect would carry the token to wherever it points.
            follow_redirects=False,
            headers={"Authorization": f"Bearer {token}", "User-Agent": "signet-sdk"},
            timeout=timeout,
        )

    @classmethod
    def from_environment(cls) -> Self:
        """A client for the portal that SIGNET_URL and SIGNET_TOKEN name."""
        return cls(_setting("SIGNET_URL"), _setting("SIGNET_TOKEN"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the connections go."""
        self._http.close()

    def get(self, path: str, *, params: Mapping[str, Any] | None = None) -> httpx.Response:
        """Read one address below `/api/v1/`."""
        return self.call("GET", path, params=params)

    def post(
        self, path: str, *, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Send one JSON body to an address below `/api/v1/`."""
        return self.call("POST", path, json=body, headers=headers)

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One call; raises `Refused` when the portal says no, `NoAnswer` when it says nothing."""
        try:
            answer = self._http.request(method, path.removeprefix("/"), **options)
        except httpx.TimeoutException:
            raise NoAnswer(f"{self.url} did not answer in time. Try again later.") from None
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise NoAnswer(
                f"{self.url} cannot be reached ({error}). Check SIGNET_URL and the network."
            ) from None
        if answer.is_success:
            return answer
        raise _trouble(self.url, answer)


def _setting(name: str) -> str:
    value = os.environ.get(name, "").strip()
    if not value:
        example = "https://signet.example.com" if name == "SIGNET_URL" else "sgn_…"
        raise NoAnswer(f"{name} is not set. Set it, for example: export {name}={example}")
    return value


def _address(url: str) -> str:
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL:
        parts = httpx.URL()
    if parts.scheme not in {"http", "https"} or not parts.host:
        raise NoAnswer(f"SIGNET_URL is {url!r}; expected an address such as https://signet.example")
    return str(parts).rstrip("/")


def _trouble(url: str, answer: httpx.Response) -> NoAnswer | Refused:
    problem = _problem(answer)
    if problem is None:
        return NoAnswer(
            f"{answer.request.url} answered {answer.status_code}, and not as Signet does. "
            "Check SIGNET_URL."
        )
    detail = str(problem.get("detail") or problem.get("title") or answer.reason_phrase)
    if answer.status_code >= 500:
        number = problem.get("request_id", "")
        return NoAnswer(f"{url} could not do it: {detail} (request {number})")
    if answer.status_code == 401:
        detail = f"{detail} Check SIGNET_TOKEN: it may have expired or been revoked."
    return Refused(detail, status=answer.status_code, problem=problem)


def _problem(answer: httpx.Response) -> dict[str, Any] | None:
    try:
        body = answer.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) and "status" in body else None
