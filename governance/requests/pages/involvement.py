"""Who took part in making many versions at once, for lists; `conflicts` says it for one request."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Max

from governance.requests.conflicts import ConflictList, Part, names_of, spellings
from governance.requests.models import ApprovalRequest
from portal.accounts.models import User
from registry.cards.models import CardRevision
from registry.cards.queries import standing_revisions

Written = Mapping[tuple[int, int], datetime]
Granted = Mapping[tuple[int, str], datetime]


@dataclass(frozen=True)
class _Facts:
    """What decides whether somebody edited a card since its last approval."""

    cards: dict[int, set[int]]
    written: Written = field(default_factory=dict)
    granted: Granted = field(default_factory=dict)

    def edited(self, request: ApprovalRequest, user_id: int) -> bool:
        """Whether this person wrote on a card that the request is about."""
        for card in self.cards[request.version_id]:
            at = self.written.get((card, user_id))
            last = self.granted.get((card, request.environment))
            if at and (last is None or at > last):
                return True
        return False


def conflicts_in(
    requests: Iterable[ApprovalRequest], user_ids: Iterable[int]
) -> dict[int, ConflictList]:
    """For each request the part that these people took, in a fixed number of queries."""
    rows, ids = list(requests), set(user_ids)
    people = {user.pk: _spelled(user) for user in User.objects.filter(pk__in=ids)} if ids else {}
    if not rows or not people:
        return {request.pk: ConflictList() for request in rows}
    facts = _facts(rows, ids)
    return {request.pk: _conflicts(request, people, facts) for request in rows}


def _spelled(user: User) -> set[str]:
    names = (user.username, user.email, user.display_name)
    return {name.strip().casefold() for name in names if name.strip()}


def _conflicts(
    request: ApprovalRequest, people: Mapping[int, set[str]], facts: _Facts
) -> ConflictList:
    found = ConflictList()
    named = [(part, spellings(name)) for part, name in names_of(request.version)]
    for user_id, spelled in people.items():
        if request.requester_id == user_id:
            found.parts[user_id].add(Part.REQUESTER)
        if facts.edited(request, user_id):
            found.parts[user_id].add(Part.EDITOR)
        for part, keys in named:
            if keys & spelled:
                found.parts[user_id].add(part)
    return found


def _facts(requests: list[ApprovalRequest], user_ids: set[int]) -> _Facts:
    versions = {request.version_id: request.version for request in requests}
    cards: dict[int, set[int]] = defaultdict(set)
    standing = standing_revisions(versions.values())
    for pk in versions:
        cards[pk] = {pk, standing[pk].version_id} if pk in standing else {pk}
    known = {card for found in cards.values() for card in found}
    revisions = CardRevision.objects.filter(version__in=known, author__in=user_ids).order_by()
    written = revisions.values_list("version_id", "author_id").annotate(Max("created_at"))
    decided = ApprovalRequest.objects.filter(
        version__in=known, decided_at__isnull=False, expires_at__isnull=False
    ).order_by()
    granted = decided.values_list("version_id", "environment").annotate(Max("decided_at"))
    return _Facts(
        cards,
        {(card, author): at for card, author, at in written},
        {(card, environment): at for card, environment, at in granted},
    )
