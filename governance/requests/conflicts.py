"""Who took part in making a version, and so may not judge it; read from its lineage."""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from enum import StrEnum

from django.db.models import Max, Q
from django.db.models.functions import Lower

from governance.requests.models import ApprovalRequest, RequestKind
from portal.accounts.models import User
from portal.accounts.permissions import Role
from registry.cards.models import CardRevision
from registry.cards.queries import standing_revision
from registry.inventory.models import ModelVersion

RUN_USER_TAGS = ("mlflow.user",)
GIT_AUTHOR_TAGS = ("signet.git_author", "mlflow.source.git.author", "git.author")
REGISTRAR_TAGS = ("signet.registered_by", "mlflow.registered_by")
_MAILED = re.compile(r"^(?P<name>[^<>]*)<(?P<mail>[^<>]+)>$")


class Part(StrEnum):
    """How somebody took part."""

    REQUESTER = "requester"
    EDITOR = "editor"
    RUN_USER = "run_user"
    GIT_AUTHOR = "git_author"
    REGISTRAR = "registrar"


WORDS = {
    Part.REQUESTER: "filed the request",
    Part.EDITOR: "edited the model card since the last approval",
    Part.RUN_USER: "ran the training run",
    Part.GIT_AUTHOR: "wrote the code",
    Part.REGISTRAR: "registered the version",
}
# An owner keeps the card of a model as a duty; making the model is what an owner may not judge.
KEPT_BY_SEAT = {Role.MODEL_OWNER.value: frozenset({Part.EDITOR})}


@dataclass
class ConflictList:
    """Who took part and how, by account; names that fit no account are listed beside them."""

    parts: dict[int, set[Part]] = field(default_factory=lambda: defaultdict(set))
    unmatched: list[tuple[Part, str]] = field(default_factory=list)

    def against(self, user_id: int | None, role: str) -> list[str]:
        """Why this person may not fill that seat; empty when nothing stands against it."""
        harmless = KEPT_BY_SEAT.get(role, frozenset())
        return [WORDS[part] for part in sorted(self.parts.get(user_id or 0, set()) - harmless)]


def conflicts_of(
    version: ModelVersion, request: ApprovalRequest | None = None
) -> dict[int, list[str]]:
    """Everybody who took part in making the version, with how, by account."""
    found = conflict_list(version, request)
    return {user: [WORDS[part] for part in sorted(parts)] for user, parts in found.parts.items()}


def conflict_list(version: ModelVersion, request: ApprovalRequest | None = None) -> ConflictList:
    """Everybody who took part, in at most five queries; `request` adds who filed it."""
    found = ConflictList()
    for user_id in filers_of(request) if request else ():
        found.parts[user_id].add(Part.REQUESTER)
    environment = request.environment if request else ""
    for user_id in _editors(version, environment):
        found.parts[user_id].add(Part.EDITOR)
    named = names_of(version)
    accounts = _accounts({key for _, name in named for key in spellings(name)})
    for part, name in named:
        users = {user for key in spellings(name) for user in accounts.get(key, ())}
        for user_id in users:
            found.parts[user_id].add(part)
        if not users:
            found.unmatched.append((part, name))
    return found


def filers_of(request: ApprovalRequest) -> set[int]:
    """Who opened the request and everybody who submitted it since, as its subject keeps them."""
    return {pk for pk in (request.requester_id, *request.subject.get("filers", [])) if pk}


def names_of(version: ModelVersion) -> list[tuple[Part, str]]:
    """The names that the version's lineage gives, each once for each way of taking part."""
    found: list[tuple[Part, str]] = []
    if version.run_user:
        found.append((Part.RUN_USER, version.run_user))
    for part, tags in (
        (Part.RUN_USER, RUN_USER_TAGS),
        (Part.GIT_AUTHOR, GIT_AUTHOR_TAGS),
        (Part.REGISTRAR, REGISTRAR_TAGS),
    ):
        for tag in tags:
            found += [
                (part, str(tags_of[tag]).strip())
                for tags_of in (version.run_tags, version.tags)
                if str(tags_of.get(tag) or "").strip()
            ]
    return list(dict.fromkeys(found))


def spellings(name: str) -> set[str]:
    """The spellings under which a name may be an account: `Ann Lee <ann@x.org>` has both."""
    mailed = _MAILED.match(name.strip())
    parts = [mailed["name"], mailed["mail"]] if mailed else [name]
    return {part.strip().casefold() for part in parts if part.strip()}


def _accounts(keys: set[str]) -> dict[str, set[int]]:
    """Accounts by user name, e-mail address and displayed name, in small letters."""
    if not keys:
        return {}
    small = {name: Lower(name.removesuffix("_small")) for name in SMALL}
    matching = Q(username_small__in=keys) | Q(email_small__in=keys) | Q(display_name_small__in=keys)
    people = User.objects.annotate(**small).filter(matching)
    found: dict[str, set[int]] = defaultdict(set)
    for pk, *spelled in people.values_list("pk", *SMALL):
        for spelling in spelled:
            if spelling in keys:
                found[spelling].add(pk)
    return found


SMALL = ("username_small", "email_small", "display_name_small")


def _editors(version: ModelVersion, environment: str) -> set[int]:
    """Who wrote on the card since its version was last approved; inherited cards count too."""
    source = standing_revision(version)
    cards = {version.pk, source.version_id} if source else {version.pk}
    granted = ApprovalRequest.objects.filter(version__in=cards, decided_at__isnull=False).filter(
        expires_at__isnull=False
    )
    # In an emergency and under a plan nobody judged the card.
    granted = granted.exclude(kind__in=(RequestKind.EMERGENCY, RequestKind.UNDER_PLAN))
    if environment:
        granted = granted.filter(environment=environment)
    last = dict(granted.order_by().values_list("version").annotate(Max("decided_at")))
    written = CardRevision.objects.filter(version__in=cards, author__isnull=False)
    rows = written.order_by().values_list("version_id", "author_id", "created_at")
    return {author for card, author, at in rows if card not in last or at > last[card]}
