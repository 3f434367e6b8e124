"""Delivering the outbox: the write-backs of one model in order, one worker at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from governance.findings.models import FindingKind, Severity
from governance.findings.services import finding_open, findings_settle
from governance.requests.standing import approval_for
from governance.writeback.ledger import bypass_find, known_to, move_write, outside_move_write
from governance.writeback.models import WriteBack, WriteState
from governance.writeback.remote import Mismatch, Outcome, Write
from governance.writeback.services import KIND
from portal.actors import Actor, service
from portal.errors import Upstream
from portal.jobs.services import job_enqueue
from portal.locks import held
from portal.trail.services import record
from registry.deployments.models import Environment
from registry.inventory.models import RegisteredModel
from registry.sources.connect import connector_of

LOCK_SPACE = 73_620
# How often a change that does not stay as written is written again before people are told.
MISMATCHES = 3
AGAIN = timedelta(seconds=30)
MOST_AT_ONCE = 50


def writeback_deliver(*, actor: Actor, writeback_id: int) -> WriteBack:
    """Deliver a write-back and, before it, those of its model that were asked for earlier.

    Raises Upstream when MLflow is away or somebody else writes at the same time: try again. What
    MLflow refuses for good is marked so, and opens a finding.
    """
    row = _waiting().get(pk=writeback_id)
    with only_writer_of(row.version.model):
        earlier = _waiting().filter(
            version__model=row.version.model, state=WriteState.WAITING, pk__lte=row.pk
        )
        for one in list(earlier.order_by("pk")):
            if _overtaken(one):
                WriteBack.objects.filter(pk=one.pk).update(state=WriteState.OVERTAKEN)
            else:
                _deliver(actor, one)
    row.refresh_from_db()
    return row


@contextmanager
def only_writer_of(model: RegisteredModel) -> Iterator[None]:
    """Hold the lock on what is written about a model; the database frees it when we die."""
    busy = Upstream(
        "Another change of this model is being written to MLflow; this one follows it.",
        permanent=False,
        code="busy",
    )
    with held(LOCK_SPACE, model.pk, busy):
        yield


def writebacks_hurry() -> None:
    """Have the newest waiting write-back of each model tried within half a minute.

    So MLflow's coming back is noticed soon, and a write-back whose job was lost or cancelled is
    delivered all the same.
    """
    old = WriteBack.objects.filter(
        state=WriteState.WAITING, created_at__lt=timezone.now() - timedelta(seconds=10)
    )
    newest = old.order_by().values("version__model").annotate(newest=Max("pk"))
    for pk in list(newest.order_by("newest").values_list("newest", flat=True)[:MOST_AT_ONCE]):
        job_enqueue(
            actor=service("governance"),
            kind=KIND,
            key=f"writeback:{pk}",
            args={"writeback_id": pk},
            why="still to be written",
            run_after=timezone.now() + AGAIN,
        )


def _waiting() -> QuerySet[WriteBack]:
    return WriteBack.objects.select_related("version__model__source", "request", "by")


def _overtaken(row: WriteBack) -> bool:
    """Whether a later write-back that waits says everything that this one says."""
    if set(row.wanted) != {"tags"}:
        return False
    later = WriteBack.objects.filter(
        version_id=row.version_id, state=WriteState.WAITING, pk__gt=row.pk
    )
    return any(set(row.wanted["tags"]) <= set(one.wanted.get("tags") or {}) for one in later)


def _deliver(actor: Actor, row: WriteBack) -> None:
    model = row.version.model
    connector = connector_of(model.source)
    write = Write(connector, model.name, row.version.version, row.wanted, f"writeback-{row.pk}")
    try:
        outcome = write.run()
    except Upstream as problem:
        if _final(row, problem):
            _refuse(actor, row, problem, write.outcome)
            return
        # Only what did not stay as written counts: however long MLflow is away, nothing is lost.
        tries = row.tries + isinstance(problem, Mismatch)
        WriteBack.objects.filter(pk=row.pk).update(
            tries=tries, error=problem.message, seen=write.outcome.seen()
        )
        raise
    finally:
        connector.close()
    _complete(actor, row, outcome)


def _final(row: WriteBack, problem: Upstream) -> bool:
    if isinstance(problem, Mismatch):
        return row.tries + 1 >= MISMATCHES
    return problem.permanent


def _locked(row: WriteBack) -> bool:
    """Lock the model, then the row; False when somebody else has delivered it."""
    RegisteredModel.objects.select_for_update(no_key=True).get(pk=row.version.model_id)
    waiting = WriteBack.objects.select_for_update(of=("self",)).filter(pk=row.pk)
    return waiting.filter(state=WriteState.WAITING).exists()


def _complete(actor: Actor, row: WriteBack, outcome: Outcome) -> None:
    with transaction.atomic():
        if not _locked(row):
            return
        row.state, row.seen, row.error = WriteState.DONE, outcome.seen(), ""
        row.done_at = timezone.now()
        row.save(update_fields=["state", "seen", "error", "done_at"])
        findings_settle(
            actor=actor, keys=[_refused_key(row)], resolution="MLflow took the change after all."
        )
        if row.wanted.get("alias"):
            _alias_moved(actor, row, outcome)
        _read_again(actor, row)
        record(
            actor,
            "writeback.done",
            row.version,
            before=outcome.before,
            after=outcome.after,
            reason=row.why,
        )


def _alias_moved(actor: Actor, row: WriteBack, outcome: Outcome) -> None:
    """Write the move into the ledger, after one that nobody told Signet about."""
    name, to = row.wanted["alias"]["name"], row.wanted["alias"]["to"]
    if outcome.alias_was not in (to, known_to(row.version.model, name)):
        _moved_before(actor, row.version.model, name, outcome.alias_was)
    move_write(
        model=row.version.model,
        alias=name,
        to=to,
        by=row.by,
        by_name=row.by_name,
        request=row.request,
    )


def _moved_before(actor: Actor, model: RegisteredModel, alias: str, to: str) -> None:
    """Write down that somebody moved the alias between two of Signet's own moves."""
    version = model.versions.filter(version=to).first() if to else None
    production = Environment.PRODUCTION.value
    standing = approval_for(version, production, at=timezone.now()) if version else None
    is_bypass = bool(to) and not (standing and standing.holds)
    move = outside_move_write(model=model, alias=alias, to=to, is_bypass=is_bypass)
    if move and move.is_bypass:
        bypass_find(actor=actor, move=move, why="Signet has moved it on since.")


def _read_again(actor: Actor, row: WriteBack) -> None:
    """Have the written models read again soon, so that pages show what MLflow holds now."""
    source = row.version.model.source
    names = {row.version.model.name, row.wanted.get("copy_to") or row.version.model.name}
    for place, name in enumerate(sorted(names)):
        job_enqueue(
            actor=actor,
            kind="registry.sync_hint",
            key=f"source:{source.pk}:writeback:{row.pk}:{place}",
            args={"source_id": source.pk, "name": name},
            why=f"written to: {row.why}",
        )


def _refuse(actor: Actor, row: WriteBack, problem: Upstream, outcome: Outcome) -> None:
    """Mark what MLflow will not take, and have somebody see to it."""
    with transaction.atomic():
        if not _locked(row):
            return
        row.state, row.seen = WriteState.REFUSED, outcome.seen()
        row.error, row.tries = problem.message, row.tries + 1
        row.save(update_fields=["state", "seen", "error", "tries"])
        finding_open(
            actor=actor,
            model=row.version.model,
            version=row.version,
            kind=FindingKind.WRITE_REFUSED,
            severity=Severity.HIGH,
            key=_refused_key(row),
            text=f"MLflow did not take \u201c{row.why}\u201d. {problem.message}",
            facts={"writeback": row.pk, "wanted": row.wanted},
        )
        record(
            actor,
            "writeback.refused",
            row.version,
            after={"writeback": row.pk, "wanted": row.wanted},
            reason=problem.message,
        )


def _refused_key(row: WriteBack) -> str:
    return f"write_refused:{row.pk}"
