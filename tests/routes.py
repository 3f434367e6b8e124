"""Every address of the portal, read from the resolver, with something real behind each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from governance.plans.models import ChangePlan
from governance.requests.models import Condition, Delegation
from portal.accounts.models import ApiToken, Team, User
from portal.accounts.permissions import Role, Scope
from portal.accounts.tokens import digest_of, new_secret
from portal.jobs.models import Job
from registry.cards.attachments.models import CardAttachment, Kind
from registry.cards.comments.models import CardComment
from registry.cards.models import CardRevision
from tests.factories import make_deployment, make_model, make_source, make_team, make_user
from tests.factories import make_version as version_of
from tests.governance.factories import make_request, make_sign_off
from tests.governance.gate.answers import write_answer
from tests.governance.promotion.rows import make_finding, make_pack, make_write_back

WORDS = {
    "version": "1", "kind": "csv", "provider_id": "sso", "uidb36": "1", "key": "set-password",
    "number": 1, "old": 0, "seq": 1, "standard": "json", "what": "check-card_complete",
}  # fmt: skip


@dataclass(frozen=True)
class Route:
    """One address: its name, its pattern and the action that guards it."""

    name: str
    pattern: str
    action: str | Mapping[str, str] | None
    callback: Any

    @property
    def is_api(self) -> bool:
        """Whether programs read it."""
        return self.pattern.startswith("api/")


def all_routes() -> list[Route]:
    """Every address that the resolver knows."""
    return sorted(_walk(get_resolver().url_patterns, ""), key=lambda route: route.pattern)


def _walk(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[Route]:
    for entry in patterns:
        pattern = prefix + str(entry.pattern).lstrip("^")
        if isinstance(entry, URLResolver):
            yield from _walk(entry.url_patterns, pattern)
        else:
            view = entry.callback
            owner = getattr(view, "cls", getattr(view, "view_class", view))
            action = getattr(view, "action_name", None) or getattr(owner, "action_name", None)
            yield Route(entry.name or "", pattern, action, view)


class Samples:
    """One row of each kind, all of one team, and an address for each route that leads to them."""

    def __init__(self) -> None:
        self.team: Team = make_team("Own team")
        self.other_team: Team = make_team("Other team")
        self.source = make_source()
        self.model = make_model("sample", source=self.source, team=self.team)
        self.version = version_of(self.model, "1")
        CardRevision.objects.create(version=self.version, number=1, schema_version="1")
        CardAttachment.objects.create(
            version=self.version, number=1, name="sample.pdf", kind=Kind.PDF, size=8,
            sha256="0" * 64, stored_as=stored("attachments/00/sample"),
        )  # fmt: skip
        CardComment.objects.create(version=self.version, number=1, text="Why?", author_name="Ana")
        self.deployment = make_deployment(self.version)
        self.person = make_user(Role.DATA_SCIENTIST, team=self.team, username="sampled")
        self.token, _ = make_token(self.person)
        self.job = Job.objects.create(
            kind="test.sample",
            key="1",
            run_after=timezone.now() + timedelta(days=1),
            asked_by_key="user:0",
            asked_by_name="Somebody",
        )
        self._ask_for_approval()
        self.numbers = {
            "models": self.model.pk,
            "reminders": self.model.pk,
            "deployments": self.deployment.pk,
            "sources": self.source.pk,
            "people": self.person.pk,
            "tokens": self.token.pk,
            "jobs": self.job.pk,
            "approvals": self.request.pk,
            "plans": self.plan.pk,
            "gate": write_answer(version=self.version).pk,
            "findings": make_finding(self.version).pk,
            "packs": make_pack(self.version, stored("packs/sample.zip")).pk,
            "write-backs": make_write_back(self.version).pk,
        }

    def _ask_for_approval(self) -> None:
        """A request with a signature and a condition, and somebody who signs for somebody."""
        self.request = make_request(self.version, state="in_review", requester=self.person)
        signed = make_sign_off(self.request, "validator")
        now = timezone.now()
        condition = Condition.objects.create(
            request=self.request, sign_off=signed, text="Test again.",
            owner=self.person, due_on=now.date() + timedelta(days=9),
        )  # fmt: skip
        delegation = Delegation.objects.create(
            delegator=signed.signer, delegate=self.person, role="validator",
            starts_at=now, ends_at=now + timedelta(days=9), reason="Away",
        )  # fmt: skip
        self.plan = ChangePlan.objects.create(
            model=self.model, environment="production", quota=3, expires_on=now.date(),
            envelope={"pipeline": {}, "schema": {}, "metrics": {}, "data": {"names": []}},
        )  # fmt: skip
        self.words = {
            "condition": condition.pk,
            "delegation": delegation.pk,
            "plan": self.plan.pk,
        }

    def address(self, route: Route, **changes: Any) -> str:
        """The address of a route with this sample behind it, or with other arguments."""
        words = {
            **WORDS,
            **self.words,
            "grant_id": self.person.role_grants.get().pk,
            "pk": self._pk(route),
        }
        wanted = {
            name for name in words if f":{name}>" in route.pattern or f"<{name}>" in route.pattern
        }
        return reverse(route.name, kwargs={**{name: words[name] for name in wanted}, **changes})

    def _pk(self, route: Route) -> int:
        parts = route.pattern.removeprefix("api/v1/").split("/")
        return self.numbers.get(parts[0], 1)


def stored(name: str) -> str:
    """A small file under this name in the storage, made once."""
    if not default_storage.exists(name):
        default_storage.save(name, ContentFile(b"%PDF-1.4"))
    return name


def make_token(owner: User, *scopes: str) -> tuple[ApiToken, str]:
    """A token with these scopes, or all, and its text."""
    public_id, text = new_secret()
    token = ApiToken.objects.create(
        public_id=public_id,
        digest=digest_of(text),
        name="sample",
        owner=owner,
        scopes=list(scopes or Scope.values),
        expires_at=timezone.now() + timedelta(days=30),
    )
    return token, text
