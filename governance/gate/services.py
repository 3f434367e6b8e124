"""The gate: a pipeline asks, Signet answers, signs the answer and keeps it."""

import logging

from django.db import transaction
from django.utils import timezone

from governance.gate.judging import Judgement, judge, undecided
from governance.gate.models import GateDecision
from governance.gate.payloads import payload_of, words_of
from governance.gate.questions import Question, question_read
from governance.gate.statements import sign
from portal.accounts.permissions import require
from portal.actors import Actor, service
from portal.errors import SignetError
from portal.trail.services import record as trail_record
from registry.inventory.models import ModelVersion

logger = logging.getLogger(__name__)
UNKNOWN = (
    "Signet could not establish the facts, so the gate stays closed. Ask again; if it stays so, "
    "tell a platform admin the time of this answer."
)


def gate_ask(
    *,
    actor: Actor,
    model: str,
    version: str = "",
    alias: str = "",
    environment: str,
    digest: str = "",
    commit: str = "",
    pipeline_url: str = "",
    source: str = "",
    record: bool = True,
) -> GateDecision:
    """Answer whether a version may run in an environment, by the facts of this moment.

    Always answers a readable question: what cannot be established closes the gate with
    COULD_NOT_TELL. With `record` the answer is signed and kept; without, nothing is written and
    the row that is returned has no id and no envelope.
    """
    require(actor, "gate.check")
    question = question_read(
        model=model,
        version=version,
        alias=alias,
        environment=environment,
        digest=digest,
        commit=commit,
        pipeline_url=pipeline_url,
        source=source,
    )
    with transaction.atomic():
        judgement = _judged(question, locking=record)
        decision = _decision(actor, judgement)
        if record:
            decision.envelope = sign(payload_of(judgement))
            decision.save()
            trail_record(actor, "gate.answer", decision, after=_facts(decision))
    return decision


def gate_preview(*, actor: Actor, version: ModelVersion, environment: str) -> Judgement:
    """What the gate would answer for a version now; nothing is written."""
    require(actor, "gate.check")
    question = question_read(
        model=version.model.name,
        version=version.version,
        environment=environment,
        source=version.model.source.name,
    )
    return _judged(question, locking=False)


def _judged(question: Question, *, locking: bool) -> Judgement:
    """Judged with Signet's own eyes: a token that may only ask reads nothing else by itself."""
    at = timezone.now()
    try:
        with transaction.atomic():
            return judge(service("governance"), question, at=at, locking=locking)
    except SignetError as error:
        return undecided(question, at=at, text=error.message)
    except Exception:
        # Any failure here must close the gate with a stored answer: a pipeline may take an error
        # of the server for something that it can pass by.
        logger.exception("the gate could not judge %s", question)
        return undecided(question, at=at, text=UNKNOWN)


def _decision(actor: Actor, judgement: Judgement) -> GateDecision:
    question = judgement.question
    return GateDecision(
        version=judgement.version,
        request=judgement.request,
        asked_model=question.model,
        asked_version=question.named,
        environment=question.environment,
        digest=question.digest,
        commit=question.commit,
        pipeline_url=question.pipeline_url,
        mode=judgement.mode,
        answer=judgement.answer,
        reasons=judgement.codes,
        text=words_of(judgement),
        valid_until=judgement.valid_until,
        asked_by_key=actor.key[:80],
        asked_by_name=actor.name[:120],
    )


def _facts(decision: GateDecision) -> dict[str, object]:
    return {
        "model": decision.asked_model,
        "version": decision.asked_version,
        "environment": decision.environment,
        "answer": decision.answer,
        "mode": decision.mode,
        "reasons": decision.reasons,
        "request": decision.request_id,
        "valid_until": decision.valid_until,
    }
