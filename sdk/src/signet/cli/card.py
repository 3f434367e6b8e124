"""`signet card`: model cards kept beside the code."""

from pathlib import Path
from typing import Any

import click

from signet import cards
from signet.cards import Report
from signet.cli.output import DONE, REFUSED, answered, as_json, say_json, say_list
from signet.client import Client
from signet.errors import NoAnswer, Refused
from signet.models import Version, find_version

FILE = "signet-card.yaml"
FORMATS = ("yaml", "json", "hf", "mct", "cyclonedx")

version_argument = click.argument("version", metavar="MODEL/VERSION")
file_argument = click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=FILE
)
source_option = click.option(
    "--source", default="", help="The source, if several have a model of this name."
)
format_option = click.option(
    "--format",
    "form",
    type=click.Choice([*FORMATS, cards.ANY]),
    default=cards.ANY,
    help="The file's format; found out from its content otherwise.",
)


@click.group()
def card() -> None:
    """Read, check and write model cards."""


@card.command()
@version_argument
@click.option("-o", "--output", default="", help=f"The file to write, - to print. [{FILE}]")
@click.option("--format", "form", type=click.Choice(FORMATS), default="yaml", show_default=True)
@click.option("--force", is_flag=True, help="Write over a file that says something else.")
@source_option
@as_json
@answered
def pull(version: str, output: str, form: str, force: bool, source: str, as_json: bool) -> int:
    """Write the card of MODEL/VERSION into a file."""
    with Client.from_environment() as client:
        content = cards.pull(client, find_version(client, version, source=source), form=form)
    if output == "-":
        click.echo(content, nl=False)
        return DONE
    path = Path(output or (FILE if form == "yaml" else f"signet-card.{form}"))
    _write(path, content, force=force)
    if as_json:
        say_json({"ok": True, "file": str(path), "bytes": len(content)})
    else:
        click.echo(f"Wrote {path}, {len(content):,} bytes.")
    return DONE


@card.command()
@version_argument
@file_argument
@click.option("--complete", is_flag=True, help="Fail also when a required answer is missing.")
@format_option
@source_option
@as_json
@answered
def check(version: str, file: Path, complete: bool, form: str, source: str, as_json: bool) -> int:
    """Check FILE by the rules of the card's form, without changing anything."""
    document = _read(file)
    try:
        with Client.from_environment() as client:
            found = find_version(client, version, source=source)
            report = cards.check(client, found, document, form=form)
    except NoAnswer as error:
        raise NoAnswer(f"{error}\n{_offline(file, document, form)}") from None
    is_fine = not report.problems and not (complete and report.gaps)
    if as_json:
        say_json({"ok": is_fine, "problems": report.problems, **report.facts})
    else:
        _tell(report, found, file, is_fine=is_fine)
    return DONE if is_fine else REFUSED


@card.command()
@version_argument
@file_argument
@click.option("--note", default="", help="Why, for the list of revisions.")
@click.option(
    "--conflicts",
    type=click.Choice(["refuse", "document", "card"]),
    default="refuse",
    show_default=True,
    help="What counts where the card has changed, too.",
)
@format_option
@source_option
@as_json
@answered
def push(
    version: str, file: Path, note: str, conflicts: str, form: str, source: str, as_json: bool
) -> int:
    """Put the answers of FILE onto the card, as one revision."""
    document = _read(file)
    with Client.from_environment() as client:
        found = find_version(client, version, source=source)
        try:
            report = cards.push(client, found, document, form=form, note=note, conflicts=conflicts)
        except Refused as refused:
            raise _explained(refused) from None
        is_renewed = _renew(client, found, file, document, report)
    if as_json:
        say_json({"ok": True, "file_renewed": is_renewed, **report.facts})
    else:
        _tell_pushed(report, found, file, conflicts=conflicts, is_renewed=is_renewed)
    return DONE


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise NoAnswer(f"{file} cannot be read: {error.strerror}.") from None


def _write(path: Path, content: bytes, *, force: bool) -> None:
    try:
        if path.exists() and path.read_bytes() != content and not force:
            text = f"{path} is there and says something else; nothing was written. Push it first, "
            text += "or add --force to lose what it says."
            raise Refused(text, status=0, problem={})
        path.write_bytes(content)
    except OSError as error:
        raise NoAnswer(f"{path} cannot be written: {error.strerror}.") from None


def _offline(file: Path, document: bytes, form: str) -> str:
    """What can be said about a file without the portal, and what cannot."""
    if form not in ("yaml", cards.ANY) or file.suffix not in (".yaml", ".yml"):
        return f"{file} was not checked."
    cards.readable(document)
    return (
        f"{file} is readable YAML; its answers were not checked, because only Signet has the rules."
    )


def _tell(report: Report, version: Version, file: Path, *, is_fine: bool) -> None:
    facts = report.facts
    click.echo(f"{file} against the card of {version}, revision {facts['revision']}")
    for warning in facts["warnings"]:
        click.echo(f"Note: {warning}")
    say_list("To correct or decide", report.problems)
    say_list("Would change", (f"{c['label']} ({c['effect']})" for c in facts["changes"]))
    say_list("Changed on the card since and kept", facts["kept"])
    say_list("Required and missing", report.gaps)
    click.echo("The file is fine." if is_fine else "The file is not fine.")


def _explained(refused: Refused) -> Refused:
    """A refusal with a line for each place that it is about."""
    lines = [f"  {error['field']}: {error['detail']}" for error in refused.errors]
    for change in cards.conflicts_of(refused):
        lines.append(f"  {change['label']}: the card says {_short(change['before'])}, ")
        lines[-1] += f"the file {_short(change['after'])}"
    if cards.conflicts_of(refused):
        lines.append("Add --conflicts document or --conflicts card.")
    text = "\n".join([str(refused), *lines])
    return Refused(text, status=refused.status, problem=refused.problem)


def _short(text: str) -> str:
    words = " ".join(text.split()) or "nothing"
    return words if len(words) <= 60 else f"{words[:60]}…"


def _renew(client: Client, version: Version, file: Path, document: bytes, report: Report) -> bool:
    """Let the file name the new revision, unless the card still says something else than it."""
    saved: Any = report.facts["saved_revision"]
    differs = report.facts["kept"] or any(c["conflict"] for c in report.facts["changes"])
    if report.facts["format"] != "yaml" or not saved or differs:
        return False
    content = cards.renewed(document, cards.pull(client, version))
    if content != document:
        _write(file, content, force=True)
    return content != document


def _tell_pushed(
    report: Report, version: Version, file: Path, *, conflicts: str, is_renewed: bool
) -> None:
    facts = report.facts
    stays = [c["label"] for c in facts["changes"] if c["conflict"] and conflicts == "card"]
    changed = len(facts["changes"]) - len(stays)
    if not changed:
        text = "was not changed" if stays or facts["kept"] else "already says this"
        click.echo(f"The card of {version} {text}.")
    else:
        number = facts["saved_revision"]
        click.echo(f"The card of {version} is now at revision {number}: {changed} changed.")
    say_list("Not placed", (f"{u['place']}: {u['why']}" for u in facts["unplaced"]))
    say_list("Changed on the card since and kept; pull to have it", [*facts["kept"], *stays])
    say_list("Required and missing", report.gaps)
    if is_renewed:
        click.echo(f"{file} now names that revision.")
