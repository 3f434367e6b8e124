"""What was changed in MLflow without a decision: aliases, deployments and tags."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from governance.findings.models import Finding, FindingKind, Severity
from governance.findings.services import finding_open, findings_settle
from governance.gate.questions import PRODUCTION_PREFIX
from governance.policies.queries import policy_in_force
from governance.policies.rules import approval_needed
from governance.promotion.models import DeploymentApproval
from governance.reasons import Reason
from governance.requests.standing import Cause, Standing, approval_for
from governance.writeback.forged_tags import tags_look
from governance.writeback.ledger import (
    APPROVED_SINCE,
    PRODUCTION_ALIASES,
    bypass_find,
    known_to,
    last_move,
    move_write,
    outside_move_write,
)
from governance.writeback.models import (
    AliasMove,
    PromotionStyle,
    SourceStyle,
    WriteBack,
)
from governance.writeback.promotion import alias_enqueue
from governance.writeback.services import style_of, written_since
from portal.actors import Actor
from portal.trail.services import record
from registry.deployments.models import Deployment, Environment
from registry.inventory.models import ModelVersion, RegisteredModel
from registry.sources.models import Source

PRODUCTION = Environment.PRODUCTION.value


@dataclass
class Found:
    """What one look came to."""

    models: int = 0
    bypasses: int = 0
    ungated: int = 0
    tags: int = 0

    def told(self) -> str:
        """The look in a line."""
        return (
            f"{self.models} models looked at: {self.bypasses} aliases and {self.ungated} "
            f"deployments without approval, {self.tags} versions with changed tags."
        )


def bypasses_look(
    *, actor: Actor, source_id: int, model_ids: Iterable[int] | None, read_since: datetime
) -> Found:
    """Compare what was read of a source since `read_since` with what was approved.

    Without approval: a finding, a line in the ledger, and the alias put back where the source asks
    for that. Changed tags are put back. What Signet itself wrote since then is left for the next
    look.
    """
    source = Source.objects.get(pk=source_id)
    style = style_of(source)
    found = Found()
    needed = approval_needed(policy_in_force(), PRODUCTION)
    for model in _models(source, model_ids):
        found.models += 1
        if needed and not _is_copy(model, style):
            for alias in PRODUCTION_ALIASES:
                found.bypasses += _alias(actor, model, alias, style, read_since)
            found.ungated += _deployments(actor, model)
    found.tags = tags_look(actor=actor, source=source, model_ids=model_ids, read_since=read_since)
    return found


def _models(source: Source, model_ids: Iterable[int] | None) -> Iterator[RegisteredModel]:
    """Models with something in production, or with what the ledger or a finding says was there."""
    rows = RegisteredModel.objects.filter(source=source)
    if model_ids is not None:
        named = rows.filter(pk__in=model_ids)
        bases = [
            model.name.removeprefix(PRODUCTION_PREFIX)
            for model in named
            if model.name.startswith(PRODUCTION_PREFIX)
        ]
        rows = rows.filter(Q(pk__in=model_ids) | Q(name__in=bases))
    serving = Deployment.objects.filter(environment=PRODUCTION, ended_at=None)
    looked_at = Q(pk__in=serving.values("version__model")) | Q(
        pk__in=AliasMove.objects.values("model")
    )
    copies = rows.filter(name__startswith=PRODUCTION_PREFIX).values_list("name", flat=True)
    looked_at |= Q(name__in=[name.removeprefix(PRODUCTION_PREFIX) for name in copies])
    unsettled = Finding.objects.filter(kind=FindingKind.UNGATED, closed_at=None)
    looked_at |= Q(pk__in=unsettled.values("model"))
    looked_at |= Q(aliases__has_any_keys=list(PRODUCTION_ALIASES))
    yield from rows.filter(looked_at).select_related("source", "owner", "team").order_by("pk")


def _is_copy(model: RegisteredModel, style: SourceStyle) -> bool:
    """Whether another model speaks for this one: it is where copies of that one are kept."""
    base = model.name.removeprefix(PRODUCTION_PREFIX)
    return (
        style.style == PromotionStyle.TWO_NAMES
        and base != model.name
        and RegisteredModel.objects.filter(source=model.source, name=base).exists()
    )


def alias_place(model: RegisteredModel, alias: str, style: SourceStyle) -> str:
    """Where a production alias is as last read, in the model's own version numbers.

    With two names that is where the copy came from; "prod.x/3" for one that is no copy of it.
    """
    if style.style == PromotionStyle.ONE_NAME:
        return str(model.aliases.get(alias, ""))
    name = f"{PRODUCTION_PREFIX}{model.name}"
    copies = ModelVersion.objects.filter(model__source=model.source, model__name=name)
    copy = copies.filter(aliases__contains=[alias], gone_at=None).first()
    if copy is None:
        return ""
    number = copy.source_uri.removeprefix(f"models:/{model.name}/")
    return number if number != copy.source_uri else f"{name}/{copy.version}"


def _alias(
    actor: Actor, model: RegisteredModel, alias: str, style: SourceStyle, read_since: datetime
) -> int:
    """Compare one alias with the ledger and the approvals; 1 when it is where it may not be."""
    with transaction.atomic():
        locked = RegisteredModel.objects.select_for_update(of=("self",), no_key=True)
        model = locked.select_related("source", "owner", "team__business_unit").get(pk=model.pk)
        # Findings before the trail's head, as everybody does who closes one.
        list(Finding.objects.select_for_update().filter(model=model, closed_at=None))
        ours = WriteBack.objects.filter(version__model=model, wanted__has_key="alias")
        if written_since(ours, read_since).exists():
            return 0
        here = "" if model.gone_at else alias_place(model, alias, style)
        standing = _standing(model, here)
        if here != known_to(model, alias):
            _moved_outside(actor, model, alias, here, standing)
        if here and standing.holds:
            _approved_since(actor, model, alias, here, standing)
        if here and not standing.holds:
            _unapproved(actor, model, alias, here, standing)
            if style.restore_bypasses:
                _put_back(actor, model, alias)
        lapsed = Finding.objects.filter(model=model, kind=FindingKind.UNGATED, closed_at=None)
        lapsed = lapsed.filter(key__startswith=_lapsed_key(model, alias, ""))
        if here and not standing.holds:
            lapsed = lapsed.exclude(key=_lapsed_key(model, alias, here))
        findings_settle(
            actor=actor,
            keys=list(lapsed.values_list("key", flat=True)),
            resolution="It is approved again, or no longer the champion.",
        )
    return int(bool(here) and not standing.holds)


def _standing(model: RegisteredModel, number: str) -> Standing:
    version = model.versions.filter(version=number).first() if number else None
    if version is None:
        unknown = Cause(Reason.UNREGISTERED, f"{Reason.UNREGISTERED.label}.")
        return Standing(False, "", [unknown])
    version.model = model
    return approval_for(version, PRODUCTION, at=timezone.now())


def _why(standing: Standing) -> str:
    return " ".join(cause.text for cause in standing.causes[:3]) or "No approval of it holds."


def _moved_outside(
    actor: Actor, model: RegisteredModel, alias: str, here: str, standing: Standing
) -> None:
    move = outside_move_write(
        model=model, alias=alias, to=here, is_bypass=bool(here) and not standing.holds
    )
    if move:
        record(
            actor,
            "alias.moved_outside",
            model,
            before={alias: move.from_version},
            after={alias: here, "approved": standing.holds},
        )


def _approved_since(
    actor: Actor, model: RegisteredModel, alias: str, here: str, standing: Standing
) -> None:
    """Tell in the ledger that what somebody put there without approval has one by now."""
    last = last_move(model, alias)
    if last and last.is_bypass:
        move_write(
            model=model,
            alias=alias,
            to=here,
            by=None,
            by_name=APPROVED_SINCE,
            request=standing.request,
        )
        record(actor, "alias.approved_since", model, after={alias: here})


def _unapproved(
    actor: Actor, model: RegisteredModel, alias: str, here: str, standing: Standing
) -> None:
    """Open the finding that fits: somebody went round the approval, or it ended since."""
    move = last_move(model, alias)
    if move and move.is_bypass:
        bypass_find(actor=actor, move=move, why=_why(standing))
        return
    version = model.versions.filter(version=here).first()
    if version and version.deployments.filter(environment=PRODUCTION, ended_at=None).exists():
        return  # the finding about what serves says it
    finding_open(
        actor=actor,
        model=model,
        version=version,
        kind=FindingKind.UNGATED,
        severity=Severity.HIGH,
        key=_lapsed_key(model, alias, here),
        text=(
            f"The alias {alias} is at version {here}, whose approval does not hold any more. "
            f"{_why(standing)} It goes on serving; approve it again or move the alias."
        ),
        facts={"alias": alias, "version": here, "reasons": standing.codes},
    )


def _lapsed_key(model: RegisteredModel, alias: str, version: str) -> str:
    return f"lapsed:{model.pk}:{alias}:{version}"


def _put_back(actor: Actor, model: RegisteredModel, alias: str) -> None:
    """Point the alias at the version it had by the last approved move, if that still holds."""
    moves = AliasMove.objects.filter(model=model, alias=alias, is_bypass=False).exclude(
        to_version=""
    )
    last = moves.order_by("-at", "-pk").first()
    version = model.versions.filter(version=last.to_version, gone_at=None).first() if last else None
    if version is None or not _standing(model, version.version).holds:
        return
    alias_enqueue(
        actor=actor,
        version=version,
        alias=alias,
        why=f"put back: {alias} was moved outside Signet",
        request=last.request,
    )
    record(actor, "alias.put_back", model, after={alias: version.version})


def _deployments(actor: Actor, model: RegisteredModel) -> int:
    """Findings about what serves in production without an approval that holds."""
    serving = Deployment.objects.filter(version__model=model, environment=PRODUCTION, ended_at=None)
    open_before = Finding.objects.filter(model=model, kind=FindingKind.UNGATED, closed_at=None)
    keys = set(open_before.filter(key__startswith="ungated:").values_list("key", flat=True))
    standings: dict[str, Standing] = {}
    still = set()
    for deployment in serving.select_related("version"):
        number = deployment.version.version
        standing = standings.setdefault(number, _standing(model, number))
        if standing.holds:
            continue
        still.add(ungated_key(deployment))
        _ungated(actor, model, deployment, standing)
    findings_settle(
        actor=actor, keys=sorted(keys - still), resolution="It is approved, or serves no longer."
    )
    return len(still)


def ungated_key(deployment: Deployment) -> str:
    """The key of the finding that a deployment serves without an approval that holds."""
    return f"ungated:deployment:{deployment.pk}"


def _ungated(
    actor: Actor, model: RegisteredModel, deployment: Deployment, standing: Standing
) -> None:
    was = DeploymentApproval.objects.filter(deployment=deployment).exclude(request=None).exists()
    what = "whose approval does not hold any more" if was else "which was never approved for it"
    finding_open(
        actor=actor,
        model=model,
        version=deployment.version,
        kind=FindingKind.UNGATED,
        severity=Severity.HIGH,
        key=ungated_key(deployment),
        text=(
            f"{deployment.name} serves version {deployment.version.version} in production, {what}. "
            f"{_why(standing)} Have it approved, or roll back."
        ),
        facts={"deployment": deployment.pk, "reasons": standing.codes},
    )
