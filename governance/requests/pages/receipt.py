"""What a decision did in MLflow, as far as it got."""

from dataclasses import dataclass
from typing import Any

from governance.requests.models import ApprovalRequest
from governance.writeback.models import WriteBack, WriteState

LONGEST = 120
PAGES = {
    "card": "Model card",
    "artifact": "Files of the version",
    "checks": "Newest checks",
    "version": "Run and lineage",
}


@dataclass(frozen=True)
class Wish:
    """One tag or alias that is to stand in MLflow, and what was read there afterwards."""

    name: str
    wanted: str
    note: str = ""


@dataclass(frozen=True)
class Written:
    """One intended change in MLflow with what it wants."""

    row: WriteBack
    wishes: list[Wish]


@dataclass(frozen=True)
class WrittenState:
    """Every change that a request asked for, newest first."""

    changes: list[Written]

    @property
    def waiting(self) -> bool:
        """Whether something is still on its way, so that the page looks again."""
        return any(one.row.state == WriteState.WAITING for one in self.changes)


def written_state(request: ApprovalRequest) -> WrittenState:
    """What the request's decisions are to change in MLflow, and how far each is."""
    rows = WriteBack.objects.filter(request=request).order_by("-id")[:10]
    return WrittenState([Written(row, _wishes(row.wanted)) for row in rows])


def _wishes(wanted: dict[str, Any]) -> list[Wish]:
    found = [
        Wish(name, _short(value) if value is not None else "removed")
        for name, value in sorted((wanted.get("tags") or {}).items())
    ]
    alias = wanted.get("alias") or {}
    if alias:
        to = f"version {alias['to']}" if alias.get("to") else "removed"
        found.append(Wish(f"alias {alias.get('name', '')}", to))
    if wanted.get("copy_to"):
        found.append(Wish("copy", str(wanted["copy_to"])))
    return found


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text):,} characters)"


def evidence_words(request: ApprovalRequest, opened: list[str]) -> list[str]:
    """The pieces of evidence that were opened, by name; what is not known stays as it is."""
    rows = request.check_run.results.values_list("check_id", "title") if request.check_run else ()
    named = {**PAGES, **{f"check-{check}": title for check, title in rows}}
    return [named.get(what, what) for what in opened]
