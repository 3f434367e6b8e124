"""Moving the champion alias by a decision, in the style of the source."""

from typing import Any

from governance.gate.questions import PRODUCTION_PREFIX
from governance.requests.models import ApprovalRequest
from governance.writeback.ledger import CHAMPION
from governance.writeback.models import PromotionStyle, WriteBack
from governance.writeback.services import style_of, writeback_enqueue
from governance.writeback.tags import expected_tags
from portal.actors import Actor
from registry.inventory.models import ModelVersion


def alias_enqueue(
    *,
    actor: Actor,
    version: ModelVersion,
    why: str,
    request: ApprovalRequest | None,
    alias: str = CHAMPION,
) -> WriteBack:
    """Have the alias moved to this version; with two names, to its copy, which is made if need be.

    The copy carries the tags of the decision, which copying by MLflow drops.
    """
    wanted: dict[str, Any] = {"alias": {"name": alias, "to": version.version}}
    if style_of(version.model.source).style == PromotionStyle.TWO_NAMES:
        wanted["copy_to"] = f"{PRODUCTION_PREFIX}{version.model.name}"
        tags = expected_tags(version, soon=True)
        wanted["tags"] = {name: value for name, value in tags.items() if value is not None}
    return writeback_enqueue(actor=actor, version=version, wanted=wanted, why=why, request=request)
