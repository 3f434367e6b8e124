"""The risk questionnaire: published data, one file a version, and the tier that answers give."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from portal.errors import Invalid

FOLDER = Path(__file__).parent / "questionnaires"
CURRENT = "1"


@dataclass(frozen=True)
class Choice:
    """One answer that can be given."""

    value: str
    label: str
    points: int
    flags: tuple[str, ...] = ()
    at_least: str = ""


@dataclass(frozen=True)
class Question:
    """One question with its answers."""

    key: str
    label: str
    help: str
    choices: tuple[Choice, ...]

    def choice(self, value: str) -> Choice | None:
        """The answer of that name."""
        return next((choice for choice in self.choices if choice.value == value), None)


@dataclass(frozen=True)
class Questionnaire:
    """A published version of the questions."""

    version: str
    questions: tuple[Question, ...]
    multiplied: tuple[str, ...]
    starts: Mapping[str, int]


@dataclass(frozen=True)
class Outcome:
    """What complete answers come to."""

    score: int
    tier: str
    flags: list[str]
    rationale: str
    floor: str = ""


@cache
def questionnaire_of(version: str = CURRENT) -> Questionnaire:
    """The questionnaire of that version; KeyError for one that was never published."""
    path = FOLDER / f"{version}.toml"
    if not version.isdigit() or not path.is_file():
        raise KeyError(f"There is no risk questionnaire {version!r}.")
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    return Questionnaire(
        version=data["version"],
        questions=tuple(_question(item) for item in data["question"]),
        multiplied=tuple(data["multiplied"]),
        starts=data["tiers"],
    )


def _question(data: Mapping[str, Any]) -> Question:
    choices = tuple(
        Choice(**{**item, "flags": tuple(item.get("flags", ()))}) for item in data["choices"]
    )
    return Question(data["key"], data["label"], data["help"], choices)


def chosen(asked: Questionnaire, answers: Mapping[str, str]) -> dict[str, Choice]:
    """The choice that each question was answered with; those without one are left out."""
    found = {q.key: q.choice(str(answers.get(q.key, ""))) for q in asked.questions}
    return {key: choice for key, choice in found.items() if choice is not None}


def outcome_of(asked: Questionnaire, answers: Mapping[str, str]) -> Outcome:
    """The score, tier, flags and rationale of complete answers; Invalid names what is missing."""
    given = chosen(asked, answers)
    missing = [q for q in asked.questions if q.key not in given]
    if missing:
        fields = {q.key: ["Choose one of the answers."] for q in missing}
        raise Invalid("Answer every question; one is enough to change the tier.", fields=fields)
    score = _score(asked, given)
    floors = [choice.at_least for choice in given.values() if choice.at_least]
    reached = next(t for t, start in sorted(asked.starts.items()) if score >= start)
    tier = min([reached, *floors])
    return Outcome(
        score=score,
        tier=tier,
        flags=sorted({flag for choice in given.values() for flag in choice.flags}),
        rationale=_rationale(asked, given, score, reached, tier),
        floor=tier if tier != reached else "",
    )


def _score(asked: Questionnaire, given: Mapping[str, Choice]) -> int:
    product = 1
    for key in asked.multiplied:
        product *= given[key].points
    return product + sum(c.points for key, c in given.items() if key not in asked.multiplied)


def _rationale(
    asked: Questionnaire, given: Mapping[str, Choice], score: int, reached: str, tier: str
) -> str:
    product = " × ".join(f"{key} {given[key].points}" for key in asked.multiplied)
    added = ", ".join(
        f"{key.replace('_', ' ')} {choice.points}"
        for key, choice in given.items()
        if key not in asked.multiplied and choice.points
    )
    lines = [f"Score {score} gives {reached}: {product}{f', {added}' if added else ''}."]
    lines += [
        f"{q.label} {given[q.key].label}."
        for q in asked.questions
        if given[q.key].points or given[q.key].flags
    ]
    if tier != reached:
        raising = [q.label for q in asked.questions if given[q.key].at_least == tier]
        lines.append(f"At least {tier} because of “{raising[0]}”.")
    return " ".join(lines)
