"""Where anchors are kept outside the database: a file, the log, and a mailbox if one is named."""

import fcntl
import json
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage

from portal.errors import Upstream

log = logging.getLogger("signet.trail.anchor")
Facts = Mapping[str, Any]


def anchor_file() -> Path:
    """The file that has one anchor a line."""
    return Path(settings.TRAIL_ANCHOR_DIR) / "anchors.jsonl"


def line_of(facts: Facts) -> str:
    """One anchor as a line of JSON."""
    return json.dumps(facts, sort_keys=True)


def to_file(facts: Facts) -> None:
    """Append the anchor to the file unless it is there, and wait until it is on the disk."""
    path, line = anchor_file(), line_of(facts)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = not path.exists()
        with path.open("a+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            known = file.read()
            if line in known.split("\n"):
                return
            # A line that a crash cut short stays: the file is only ever added to.
            file.write(f"\n{line}\n" if known and not known.endswith("\n") else f"{line}\n")
            file.flush()
            os.fsync(file.fileno())
        if fresh:
            _settle(path.parent)
    except OSError as error:
        raise Upstream(
            f"The anchor file {path} cannot be written: {error.strerror}. "
            "The anchor is safe in the database and is written again later.",
            permanent=False,
            code="anchor-file",
        ) from error


def _settle(folder: Path) -> None:
    """Wait until a new file's name is on the disk as well."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def to_log(facts: Facts) -> None:
    """Write the anchor to the log stream, which the company's log store collects."""
    log.info("trail anchor %s", line_of(facts))


def to_mail(facts: Facts) -> None:
    """Mail the anchor to TRAIL_ANCHOR_MAIL."""
    mail = EmailMessage(
        subject=f"Signet trail anchor at event {facts['seq']}",
        body=f"Keep this mail: it proves what the trail said.\n\n{line_of(facts)}\n",
        to=list(settings.TRAIL_ANCHOR_MAIL),
    )
    try:
        mail.send()
    except OSError as error:
        raise Upstream(
            f"The mail server did not take the anchor: {error}. It is sent again later.",
            permanent=False,
            code="anchor-mail",
        ) from error


PLACES: dict[str, Callable[[Facts], None]] = {"file": to_file, "log": to_log, "mail": to_mail}


def places() -> list[str]:
    """The places in use; two at least."""
    return [name for name in PLACES if name != "mail" or settings.TRAIL_ANCHOR_MAIL]
