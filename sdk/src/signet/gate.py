"""Asking the gate, and what to do when it cannot be asked."""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from signet.client import Client
from signet.errors import NoAnswer, Refused
from signet.statements import Broken, Statement, statement_of

ALLOWED, DENIED, UNKNOWN = 0, 1, 2
COULD_NOT_TELL = "COULD_NOT_TELL"
# How long what is no approval, and is let through by the mode, counts as an answer.
LONGEST = timedelta(hours=24)
_TARGET = re.compile(r"(?P<model>.+)(?:@(?P<alias>[^@/]+)|/(?P<version>[0-9]+))", re.S)


@dataclass(frozen=True)
class Target:
    """A version by its number, or by an alias that points at it."""

    model: str
    version: str = ""
    alias: str = ""

    def __str__(self) -> str:
        return f"{self.model}@{self.alias}" if self.alias else f"{self.model}/{self.version}"


def target_of(text: str) -> Target:
    """The target in `MODEL@ALIAS` or `MODEL/VERSION`, also as `models:/…`."""
    found = _TARGET.fullmatch(text.removeprefix("models:/"))
    if found is None:
        raise NoAnswer(f"{text!r} names no version. Write MODEL/VERSION or MODEL@ALIAS.")
    return Target(found["model"], found["version"] or "", found["alias"] or "")


@dataclass(frozen=True)
class Verdict:
    """What a pipeline acts upon: go on, stop, or nobody could tell."""

    target: Target
    environment: str
    code: int
    headline: str
    mode: str = ""
    reasons: list[dict[str, str]] = field(default_factory=list)
    conditions: list[dict[str, str]] = field(default_factory=list)
    link: str = ""
    valid_until: str = ""
    answer: dict[str, Any] = field(default_factory=dict)
    offline: bool = False

    @property
    def word(self) -> str:
        """The verdict in one word."""
        if self.code == ALLOWED:
            return "NOT APPROVED, NOT STOPPED" if self.reasons else "ALLOWED"
        return "DENIED" if self.code == DENIED else "COULD NOT TELL"

    def facts(self) -> dict[str, Any]:
        """The verdict as data."""
        return {
            "ok": self.code == ALLOWED,
            "exit_code": self.code,
            "target": str(self.target),
            "environment": self.environment,
            "verdict": self.word.lower().replace(" ", "_").replace(",", ""),
            "text": self.headline,
            "mode": self.mode,
            "reasons": self.reasons,
            "conditions": self.conditions,
            "link": self.link,
            "valid_until": self.valid_until or None,
            "offline": self.offline,
            "answer": self.answer or None,
        }


@dataclass(frozen=True)
class Question:
    """What is asked, with what the pipeline knows about itself."""

    target: Target
    environment: str
    digest: str = ""
    commit: str = ""
    pipeline_url: str = ""
    source: str = ""

    def body(self) -> dict[str, str]:
        """The question as the API takes it."""
        words = {
            "model": self.target.model,
            "version": self.target.version,
            "alias": self.target.alias,
            "environment": self.environment,
            "digest": self.digest,
            "commit": self.commit,
            "pipeline_url": self.pipeline_url,
            "source": self.source,
        }
        return {name: value for name, value in words.items() if value}


def ask(client: Client, question: Question, *, keys: list[str] | None = None) -> Verdict:
    """Ask the gate; with `keys` its signature must hold. NoAnswer when it cannot be asked."""
    try:
        answer = client.post("gate/", body=question.body()).json()
        verdict = _verdict(question, answer)
    except Refused as refused:
        places = "; ".join(f"{e.get('field')}: {e.get('detail')}" for e in refused.errors)
        return could_not_tell(question, f"{refused} {places}".strip())
    except (ValueError, KeyError, TypeError):
        raise NoAnswer("Signet answered, and not as a gate does. Check SIGNET_URL.") from None
    if keys is None:
        return verdict
    return _believed(question, verdict, keys)


def _verdict(question: Question, answer: dict[str, Any]) -> Verdict:
    reasons = list(answer["reasons"])
    codes = {reason["code"] for reason in reasons}
    code = ALLOWED if answer["allowed"] is True else DENIED
    if code == DENIED and codes == {COULD_NOT_TELL}:
        code = UNKNOWN
    return Verdict(
        target=question.target,
        environment=question.environment,
        code=code,
        headline=str(answer["text"]).split("\n", 1)[0],
        mode=str(answer["mode"]),
        reasons=reasons,
        conditions=list(answer["conditions"]),
        link=str(answer["link"]),
        valid_until=str(answer["valid_until"] or ""),
        answer=answer,
    )


def _believed(question: Question, verdict: Verdict, keys: list[str]) -> Verdict:
    """The verdict if the signed statement says the same about the same question."""
    try:
        said = statement_of(verdict.answer.get("statement"), keys)
    except Broken as broken:
        return could_not_tell(question, str(broken))
    asked = question.target.version or f"@{question.target.alias}"
    wanted = (question.target.model, asked, question.environment)
    if (said.model, said.asked, said.environment) != wanted:
        return could_not_tell(question, "The signed statement answers another question.")
    answer = verdict.answer
    told = (not verdict.reasons, answer.get("answer"), answer.get("version"))
    if (said.passed, said.answer, said.version) != told:
        return could_not_tell(question, "The signed statement says something else than the answer.")
    if verdict.code == ALLOWED and (old := _replayed(question, said, at=datetime.now(UTC))):
        return could_not_tell(question, " ".join(["The signed statement does not count.", *old]))
    return verdict


def _replayed(question: Question, said: Statement, *, at: datetime) -> list[str]:
    """Why a genuine statement is no answer to this question: it was given long ago, or to another.

    Whoever stands between the pipeline and Signet can keep a statement and send it again.
    """
    if said.passed:
        return said.problems(at=at, environment=question.environment, digest=question.digest)
    if said.at + LONGEST <= at:
        return [f"It was given on {said.at:%Y-%m-%d %H:%M} UTC."]
    return []


def could_not_tell(question: Question, text: str) -> Verdict:
    """The verdict when nobody could tell: stop."""
    reasons = [{"code": COULD_NOT_TELL, "text": text}]
    headline = f"Nobody could tell whether {question.target} may run in {question.environment}."
    return Verdict(question.target, question.environment, UNKNOWN, headline, reasons=reasons)


def by_saved(question: Question, text: str, keys: list[str], *, at: datetime) -> Verdict:
    """The verdict of a statement saved earlier, for when Signet cannot be reached."""
    try:
        said = statement_of(_json(text), keys)
    except Broken as broken:
        return could_not_tell(question, f"The saved statement does not count. {broken}")
    problems = said.problems(
        at=at,
        model=question.target.model,
        version=question.target.version,
        environment=question.environment,
        digest=question.digest,
    )
    if question.target.alias and not question.digest:
        problems.append(
            "An alias may have moved since. Give --artifact or --digest, or ask by version."
        )
    if problems:
        return could_not_tell(
            question, " ".join(["The saved statement does not count.", *problems])
        )
    return _from_statement(question, said)


def _from_statement(question: Question, said: Statement) -> Verdict:
    return Verdict(
        target=question.target,
        environment=question.environment,
        code=ALLOWED,
        headline=f"{question.target} may run in {question.environment}, by the saved statement.",
        mode=said.mode,
        conditions=said.conditions,
        link=said.link,
        valid_until=said.valid_until.astimezone(UTC).isoformat() if said.valid_until else "",
        offline=True,
    )


def read_statement(path: Path) -> Any:
    """A statement's envelope from a file, or from the file of a whole answer."""
    try:
        found = _json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise NoAnswer(f"{path} cannot be read: {error}.") from None
    return found


def _json(text: str) -> Any:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise Broken("It is not JSON.") from None
    return found.get("statement", found) if isinstance(found, dict) else found
