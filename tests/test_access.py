"""Who may open which address with which method: every address times every kind of visitor.

The answers stand in `tests/access.json`. After adding an address, write its lines anew with
`pytest tests/test_access.py -n0 --rewrite-access` and read the difference before keeping it.
"""

import json
import logging
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import reverse

from portal.accounts.access import PUBLIC, SIGNED_IN
from portal.accounts.permissions import RULES, Role, Scope
from tests.factories import make_user
from tests.routes import Route, Samples, all_routes, make_token
from tests.thorough import share

pytestmark = pytest.mark.django_db
TABLE = Path(__file__).parent / "access.json"
PAGE_METHODS = ("GET", "POST")
API_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# A page refuses these before it looks at who asks; HEAD is a GET without its body.
OTHER_METHODS = ("HEAD", "PUT", "PATCH", "DELETE", "OPTIONS")
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
ROUTES = all_routes()
BY_NAME = {route.name: route for route in ROUTES}
# What /readyz answers depends on which engines run, not on who asks.
OF_THE_DAY = {"readyz"}
PERSONAS = (
    "anonymous", "no role", "viewer", "leadership", "scientist of the team",
    "scientist of another team", "model owner", "validator", "data governance", "business owner",
    "security", "ml operations", "privacy", "executive", "governance lead", "auditor",
    "platform admin", "token: read", "token: write",
)  # fmt: skip


def actions_of(route: Route) -> set[str]:
    if isinstance(route.action, str):
        return {route.action}
    return set((route.action or {"": ""}).values())


def table() -> dict[str, dict[str, str]]:
    return json.loads(TABLE.read_text(encoding="utf-8")) if TABLE.exists() else {}


def write_table(persona: str, answers: dict[str, str]) -> None:
    old = table()
    new = {}
    for route in ROUTES:
        kept = {name: old.get(route.name, {}).get(name, "") for name in PERSONAS}
        guard = ", ".join(sorted(actions_of(route)))
        new[route.name] = {"at": route.pattern, "needs": guard} | kept
        new[route.name][persona] = answers[route.name]
    lines = json.dumps(new, indent=1, ensure_ascii=False)
    TABLE.write_text(f"{lines}\n", encoding="utf-8")


@pytest.fixture
def samples() -> Samples:
    return Samples()


def client_of(persona: str, samples: Samples) -> Client:
    client = Client(raise_request_exception=False)
    if persona == "anonymous":
        return client
    roles = {
        "no role": (None, None),
        "viewer": (Role.VIEWER, None),
        "leadership": (Role.LEADERSHIP, None),
        "scientist of the team": (Role.DATA_SCIENTIST, samples.team),
        "scientist of another team": (Role.DATA_SCIENTIST, samples.other_team),
        "model owner": (Role.MODEL_OWNER, samples.team),
        "validator": (Role.VALIDATOR, None),
        "data governance": (Role.DATA_GOVERNANCE, None),
        "business owner": (Role.BUSINESS_OWNER, None),
        "security": (Role.SECURITY, None),
        "ml operations": (Role.ML_OPS, None),
        "privacy": (Role.PRIVACY, None),
        "executive": (Role.EXECUTIVE, None),
        "governance lead": (Role.GOVERNANCE_LEAD, None),
        "auditor": (Role.AUDITOR, None),
        "platform admin": (Role.PLATFORM_ADMIN, None),
        "token: read": (Role.MODEL_OWNER, samples.team),
        "token: write": (Role.MODEL_OWNER, samples.team),
    }
    role, team = roles[persona]
    user = make_user(role, team=team)
    if persona.startswith("token"):
        scopes = [Scope.READ] if persona == "token: read" else Scope.values
        text = make_token(user, *scopes)[1]
        return Client(
            raise_request_exception=False,
            enforce_csrf_checks=True,
            headers={"authorization": f"Bearer {text}"},
        )
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture(autouse=True)
def _quick(settings: Any) -> Iterator[None]:
    """Thousands of calls: sessions in the cookie, and no line in the log for each refusal."""
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def methods_of(route: Route) -> tuple[str, ...]:
    return API_METHODS if route.is_api else PAGE_METHODS


def answer(client: Client, method: str, address: str) -> str:
    """The status, with a redirect to the sign-in page named as such; a change is undone."""
    is_api = address.startswith("/api/")
    kwargs = {"content_type": "application/json"} if is_api else {}
    session = dict(client.cookies)
    with transaction.atomic() if is_api or method == "POST" else nullcontext():
        response = getattr(client, method.lower())(address, **kwargs)
        if getattr(response, "streaming", False):
            response.getvalue()
        if is_api or method == "POST":
            transaction.set_rollback(True)
    client.cookies.clear()
    client.cookies.update(session)
    to = response.headers.get("Location", "")
    return "sign-in" if to.startswith(reverse("account_login")) else str(response.status_code)


def test_every_address_has_a_name_of_its_own():
    names = [route.name for route in ROUTES]
    assert [route.pattern for route in ROUTES if not route.name] == []
    assert sorted(names) == sorted(set(names))


def test_every_address_declares_what_it_needs():
    known = {*RULES, PUBLIC, SIGNED_IN}
    undeclared = [route.pattern for route in ROUTES if not actions_of(route) <= known]
    assert undeclared == [], "Guard these views with @needs, @signed_in, @public or action_name"


def test_the_table_knows_every_address(request: pytest.FixtureRequest):
    if request.config.getoption("--rewrite-access"):
        return
    missing = sorted(set(BY_NAME) - set(table()))
    gone = sorted(set(table()) - set(BY_NAME))
    assert (missing, gone) == ([], []), "See the top of this file for how to write them"


@pytest.mark.parametrize("persona", PERSONAS)
def test_the_answers_are_those_of_the_table(
    persona: str, samples: Samples, request: pytest.FixtureRequest
):
    cache.clear()
    client = client_of(persona, samples)
    answers = {
        route.name: "of the day"
        if route.name in OF_THE_DAY
        else " ".join(
            answer(client, method, samples.address(route)) for method in methods_of(route)
        )
        for route in ROUTES
    }
    if request.config.getoption("--rewrite-access"):
        write_table(persona, answers)
    told = {name: row.get(persona) for name, row in table().items()}
    differing = {
        name: (told.get(name), got) for name, got in answers.items() if told.get(name) != got
    }
    assert differing == {}, f"(in the table, now) for {persona}; {PAGE_METHODS}, API {API_METHODS}"


def told(*personas: str) -> Iterator[tuple[Route, str, str, str]]:
    """Each line of the table: route, persona, method, answer."""
    for name, row in table().items():
        if name in BY_NAME and name not in OF_THE_DAY:
            for persona in personas or PERSONAS:
                for method, status in zip(
                    methods_of(BY_NAME[name]), row[persona].split(), strict=True
                ):
                    yield BY_NAME[name], persona, method, status


def done(status: str) -> bool:
    return status.startswith(("2", "3")) or status in ("400", "409", "422", "428")


def test_no_answer_is_a_failure_of_ours():
    failing = [line[1:] for line in told() if line[3].startswith("5")]
    assert failing == []


def test_strangers_reach_only_what_is_public():
    reached = {route.name for route, _, _, status in told("anonymous") if done(status)}
    assert reached <= {route.name for route in ROUTES if PUBLIC in actions_of(route)}


def test_without_a_role_only_the_own_account_is_open():
    mine = {name for name, route in BY_NAME.items() if {PUBLIC, SIGNED_IN} & actions_of(route)}
    assert {route.name for route, _, _, status in told("no role") if done(status)} <= mine


def test_readers_change_nothing_but_their_own_account():
    readers = ("viewer", "leadership", "auditor", "token: read")
    own = {PUBLIC, SIGNED_IN, "reminder.keep"}
    mine = {name for name, route in BY_NAME.items() if own & actions_of(route)}
    changed = {
        (persona, route.name)
        for route, persona, method, status in told(*readers)
        if method in UNSAFE and done(status) and route.name not in mine
    }
    # Asking the gate changes nothing about a model; the question and its answer are kept.
    asked = {(persona, "api_gate") for persona in readers}
    assert changed <= {("auditor", "trail_verify"), ("auditor", "pack_list")} | asked


def test_tokens_open_no_page():
    for route, persona, _, status in told("token: read", "token: write"):
        if not route.is_api and PUBLIC not in actions_of(route):
            assert status in ("sign-in", "403"), (route.name, persona)


@pytest.mark.parametrize("persona", ["anonymous", "model owner", "platform admin"])
def test_a_page_takes_no_other_method(persona: str, samples: Samples):
    cache.clear()
    client = client_of(persona, samples)
    shown = table()
    odd = {}
    for route in share(ROUTES, persona):
        if route.is_api or route.name in OF_THE_DAY:
            continue
        head, *others = (answer(client, name, samples.address(route)) for name in OTHER_METHODS)
        if head != shown[route.name][persona].split()[0] or any(map(done, others)):
            odd[route.name] = (head, *others)
    assert odd == {}


def test_every_role_opens_the_inventory():
    people = [name for name in PERSONAS[2:] if not name.startswith("token")]
    opened = {
        persona
        for route, persona, method, status in told(*people)
        if (route.name, method, status) == ("model_list", "GET", "200")
    }
    assert opened == set(people)
