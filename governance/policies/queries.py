"""Which policy is in force, and what it asks."""

import hashlib
import tomllib
from pathlib import Path
from typing import Any

from django.utils import timezone

from governance.policies.models import PolicyRevision, PolicyState
from portal.trail.services import canonical

SHIPPED = Path(__file__).parent / "defaults" / "1.toml"
SIGNET = "Signet, as shipped"


def rules_digest(rules: dict[str, Any]) -> str:
    """SHA-256 over the rules' canonical JSON, in hex."""
    return hashlib.sha256(canonical(rules).encode()).hexdigest()


def policy_in_force() -> PolicyRevision:
    """The newest published revision; the one Signet ships with before anybody published another."""
    return PolicyRevision.objects.filter(state=PolicyState.PUBLISHED).first() or _shipped()


def _shipped() -> PolicyRevision:
    rules = tomllib.loads(SHIPPED.read_text())
    revision, _ = PolicyRevision.objects.get_or_create(
        number=1,
        defaults={
            "state": PolicyState.PUBLISHED,
            "rules": rules,
            "digest": rules_digest(rules),
            "edited_by_name": SIGNET,
            "published_by_name": SIGNET,
            "published_at": timezone.now(),
        },
    )
    return revision
