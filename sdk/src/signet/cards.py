"""Model cards as files: taken from the portal, checked by its rules, brought back."""

import re
from dataclasses import dataclass
from typing import Any

import httpx
import yaml

from signet.client import Client
from signet.errors import NoAnswer, Refused
from signet.models import Version

ANY = "any"
HEAD = re.compile(rb"^(revision|digest):.*$", re.MULTILINE)


@dataclass(frozen=True)
class Report:
    """What the portal says about a document; `etag` names the card it was compared with."""

    facts: dict[str, Any]
    etag: str

    @property
    def problems(self) -> list[str]:
        """What has to be corrected or decided before a push can succeed in full, a line each."""
        return [
            *(f"{f['place']}, {f['label']}: {f['detail']}" for f in self.facts["faults"]),
            *(f"{u['place']}: {u['why']}" for u in self.facts["unplaced"]),
            *(
                f"{c['place']}, {c['label']}: the card has changed there, too"
                for c in self.facts["changes"]
                if c["conflict"]
            ),
        ]

    @property
    def gaps(self) -> list[str]:
        """The required answers that the card would still miss, a line each."""
        return [f"{gap['label']}: {gap['why']}" for gap in self.facts["gaps"]]


def pull(client: Client, version: Version, *, form: str = "yaml") -> bytes:
    """The card as a file in one of the formats: yaml, json, hf, mct or cyclonedx."""
    return client.get(f"{version.path}card/export/{form}/").content


def check(client: Client, version: Version, document: bytes, *, form: str = ANY) -> Report:
    """What pushing the document would do, by the rules of the portal's own form."""
    path = f"{version.path}card/check/{form}/"
    return _report(client.call("POST", path, files=_file(document)))


def push(
    client: Client,
    version: Version,
    document: bytes,
    *,
    form: str = ANY,
    note: str = "",
    conflicts: str = "refuse",
) -> Report:
    """Put the document's answers onto the card as one revision.

    `conflicts` says what counts where the card has changed, too: refuse, document or card.
    """
    seen = check(client, version, document, form=form)
    answer = client.call(
        "POST",
        f"{version.path}card/import/{form}/",
        files=_file(document),
        data={"note": note, "conflicts": conflicts},
        headers={"If-Match": seen.etag},
    )
    return _report(answer)


def conflicts_of(refused: Refused) -> list[dict[str, Any]]:
    """The fields over which a push was refused, with what the card and the document say."""
    changes = refused.problem.get("changes") or []
    return [change for change in changes if change.get("conflict")]


def renewed(document: bytes, pulled: bytes) -> bytes:
    """A YAML card whose head names the revision that `pulled` has; the answers stay as typed."""
    new = {found[1]: found[0] for found in HEAD.finditer(pulled)}
    return HEAD.sub(lambda found: new.get(found[1], found[0]), document, count=len(new))


def readable(document: bytes) -> None:
    """Whether this can be a YAML card at all, as far as that shows without the portal."""
    try:
        text = document.decode("utf-8-sig")
        # Events only: nothing is built, so that no alias can expand.
        for _ in yaml.parse(text, Loader=yaml.SafeLoader):
            pass
    except UnicodeDecodeError as error:
        raise NoAnswer(f"The file is not UTF-8: byte {error.start + 1}.") from None
    except yaml.YAMLError as error:
        raise NoAnswer(f"This is not YAML: {' '.join(str(error).split())}") from None


def _file(document: bytes) -> dict[str, tuple[str, bytes]]:
    return {"document": ("card", document)}


def _report(answer: httpx.Response) -> Report:
    return Report(answer.json(), answer.headers.get("ETag", ""))
