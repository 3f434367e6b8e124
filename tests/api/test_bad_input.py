"""Whatever is sent, to whichever address: a clear refusal or a calm answer, never a failure."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from portal.accounts.access import PUBLIC
from portal.accounts.permissions import Role
from tests.factories import make_user
from tests.routes import Route, Samples, all_routes
from tests.thorough import share

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
HUGE = "9" * 20

TEXTS = (
    *[
        "a%00b",
        "%00",
        "%ED%A0%80",
        "%FF%FE",
        "%C0%80",
        "-1",
        "0",
        "1e400",
        "NaN",
        "null",
        "true",
        "%E2%80%AEevil",
        "%E2%80%8B",
    ],
    *[
        "..%2F..%2Fetc%2Fpasswd",
        "%2e%2e%2f",
        "'%20OR%201=1--",
        "%25s",
        "%7B%7B7*7%7D%7D",
        "%D9%A3",
        "1%202",
        "+",
        "%",
    ],
    *["%3Cscript%3Ealert(1)%3C/script%3E", "%F0%9F%92%A9", "%0D%0ASet-Cookie:a=b"],
    HUGE,
    "x" * 5000,
)
QUERY_NAMES = [
    "q",
    "page",
    "size",
    "sort",
    "limit",
    "offset",
    "name",
    "mine",
    "unit",
    "task",
    "tier",
    "lifecycle",
    "owner",
    "source",
    "role",
    "team",
    "active",
    "environment",
    "live",
    "state",
    "kind",
    "verb",
    "actor",
    "subject",
    "since",
    "until",
    "from",
    "to",
    "versions",
    "a",
    "b",
    "next",
    "tab",
    "after",
    "before",
    "metric",
]
FORM_NAMES = [
    "login",
    "password",
    "username",
    "display_name",
    "email",
    "name",
    "role",
    "team",
    "business_unit",
    "reason",
    "scopes",
    "days",
    "owner",
    "tier",
    "environment",
    "served_ref",
    "version",
    "purpose",
    "section",
    "values",
    "number",
    "revision",
    "seen",
    "note",
    "code",
    "oldpassword",
    "password1",
]
# What has broken most: text that PostgreSQL or UTF-8 cannot hold, and numbers out of any range.
WORST = ("a%00b", "%ED%A0%80", "NaN", HUGE, "x" * 5000)
WHOLE_QUERIES = (
    "&".join(f"k{number}=1" for number in range(10_000)),
    *["=", "&&&&", "=&=", "q[]=1&q[a]=2", "limit=1&limit=2"],
    "q=" + "%00" * 50,
    "?" * 500,
)
JSON_BODIES = (
    *(b"", b"{", b"null", b"[]", b"0", b'"text"', b"true", b"[[[]]]", b"NaN", b"\xff\xfe"),
    *(b"\xed\xa0\x80", b"\xef\xbb\xbf{}", b"[" * 100_000, b'{"a":' * 100_000),
    *(b'{"a": NaN}', b'{"a": Infinity}', b'{"a": 1e400}', b'{"a": -1e400}', b'{"a": 1, "a": 2}'),
    *(b'{"a": "\\u0000"}', b'{"\\u0000": 1}', b'{"a": "\\ud800"}', b'{"\\udfff": 1}'),
    b'{"id": 1, "owner": 1, "is_staff": true}',
    b'{"a": ' + b"9" * 5000 + b"}",
    b'{"values": "' + b"x" * 1_500_000 + b'"}',
    *(b'{"values": null}', b'{"values": []}', b'{"values": {"": ""}}', b'{"fields": {"a": 1}}'),
    *(
        b'{"fields": null}',
        b'{"fields": []}',
        b'{"fields": {"": ""}}',
        b'{"fields": {"a": {"b": []}}}',
    ),
)
WORST_BODIES = (b"", b"null", b"[]", b'{"a": NaN}', b'{"a": "\\u0000"}', b'{"a": "\\ud800"}')
ROUTES = all_routes()
COUNT = len(TEXTS) + len(WHOLE_QUERIES) + len(JSON_BODIES)


@pytest.fixture(autouse=True)
def _quick(settings: Any) -> Iterator[None]:
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    cache.clear()
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def samples() -> Samples:
    return Samples()


@pytest.fixture
def visitor(samples: Samples, route: Route) -> Client:
    """Somebody with every role, so that the input reaches the code behind the guard."""
    client = Client(raise_request_exception=False)
    if PUBLIC in str(route.action):
        return client
    user = make_user(Role.PLATFORM_ADMIN)
    for role in (Role.GOVERNANCE_LEAD, Role.AUDITOR, Role.VALIDATOR):
        user.role_grants.create(role=role)
    for role in (Role.DATA_SCIENTIST, Role.MODEL_OWNER):
        user.role_grants.create(role=role, team=samples.team)
    client.force_login(user, backend=BACKEND)
    return client


def check(answer: Any, what: str) -> None:
    if getattr(answer, "streaming", False):
        answer.getvalue()
    assert answer.status_code < 500 or answer.status_code == 503, what[:200]
    if answer.request["PATH_INFO"].startswith("/api/") and answer.status_code >= 400:
        assert answer["Content-Type"] == "application/problem+json", what[:200]
        assert json.loads(answer.content)["status"] == answer.status_code


def texts_for(route: Route) -> tuple[str, ...]:
    """The worst and a share for our own views; a library's have tests of their own."""
    if "allauth" in str(route.callback.__module__):
        return TEXTS[::5]
    return tuple(share(TEXTS, route.name, always=WORST))


NUMBERS = (HUGE, "0", "-1", "%D9%A3", "%00", "1%20", "x" * 5000)
VARIED = [route for route in ROUTES if "<" in route.pattern and "?P" not in route.pattern]


def each(test: Any) -> Any:
    return pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)(test)


@each
def test_odd_queries(route: Route, samples: Samples, visitor: Client):
    address = samples.address(route)
    one_by_one = route.is_api and route.name.endswith("_list")
    names = ("limit", "offset", "name", "q", "owner") if one_by_one else ("",)
    for text in texts_for(route):
        for name in names:
            asked = [name] if name else QUERY_NAMES
            query = "&".join(f"{each_name}={text}" for each_name in asked)
            check(visitor.get(f"{address}?{query}"), f"{route.name}?{name}={text}")
    for query in share(WHOLE_QUERIES, route.name):
        check(visitor.generic("GET", address, QUERY_STRING=query), f"{route.name}?{query}")


@pytest.mark.parametrize("route", VARIED, ids=lambda route: route.name)
def test_odd_addresses(route: Route, samples: Samples, visitor: Client):
    parts = samples.address(route).strip("/").split("/")
    for position, part in enumerate(route.pattern.strip("/").split("/")):
        texts = NUMBERS if part.startswith("<int:") else texts_for(route) if "<" in part else ()
        for text in texts:
            if text not in ("%", "+"):
                odd = "/".join([*parts[:position], text, *parts[position + 1 :]])
                check(visitor.get(f"/{odd}/"), odd)


@each
def test_odd_bodies(route: Route, samples: Samples, visitor: Client):
    address = samples.address(route)
    for method in ("POST", "PUT", "PATCH", "DELETE") if route.is_api else ():
        for body in share(JSON_BODIES, f"{route.name} {method}", always=WORST_BODIES):
            tag = visitor.get(address)["ETag"] if route.name == "api_card" else '"0"'
            answer = visitor.generic(method, address, body, "application/json", HTTP_IF_MATCH=tag)
            check(answer, f"{method} {route.name} {body[:60]!r}")
    if route.is_api:
        return
    for text in texts_for(route):
        cache.clear()
        body = "&".join(f"{name}={text}" for name in FORM_NAMES)
        kind = "application/x-www-form-urlencoded"
        check(visitor.generic("POST", address, body, kind), f"{route.name} {text}")
    for kind in ("application/json", "multipart/form-data; boundary=x", "text/plain", ""):
        for body in share((b"\xff\xfe", b"--x\r\n\x00", b"x" * 1_500_000), route.name + kind):
            check(visitor.generic("POST", address, body, kind), f"{route.name} {kind}")


def test_the_list_is_long_enough():
    assert COUNT >= 60


class TestWhatTheParserSays:
    """The strict parser, asked through a route that reads a body."""

    @pytest.fixture
    def route(self) -> Route:
        return next(route for route in ROUTES if route.name == "api_card")

    @pytest.mark.parametrize(
        ("body", "status", "says"),
        [
            (b"[" * 100_000, 400, "nested too deeply"),
            (b'{"a": NaN}', 400, "NaN"),
            (b'{"a": 1e400}', 400, "too large"),
            (b'{"a": "\\u0000"}', 400, "NUL"),
            (b'{"a": "\\ud800"}', 400, "half of a character"),
            (b'{"a": 1, "a": 2}', 400, "twice"),
            (b"\xff\xfe", 400, "JSON"),
            (b'{"a": "' + b"x" * 1_500_000 + b'"}', 413, "1 MB"),
        ],
    )
    def test_reason(self, visitor, samples, route, body, status, says):
        address = samples.address(route)
        tag = visitor.get(address)["ETag"]
        answer = visitor.generic("PATCH", address, body, "application/json", HTTP_IF_MATCH=tag)
        assert answer.status_code == status
        assert says in answer.json()["detail"]

    def test_another_kind_of_body(self, visitor, samples, route):
        address = samples.address(route)
        tag = visitor.get(address)["ETag"]
        answer = visitor.generic("PATCH", address, "a=b", "text/plain", HTTP_IF_MATCH=tag)
        assert answer.status_code == 415
        assert answer["Content-Type"] == "application/problem+json"
