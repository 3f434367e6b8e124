"""`signet evidence`: packs that prove how a version came to run."""

from pathlib import Path

import click

from signet import evidence as packs
from signet.cli.output import DONE, REFUSED, answered, as_json, say_json
from signet.errors import NoAnswer
from signet.statements import read_keys


@click.group()
def evidence() -> None:
    """Check evidence packs."""


@evidence.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--keys",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Signet's public keys: the file that `signet gate keys` wrote.",
)
@click.option("--key", multiple=True, help="A public key in hex; may be given several times.")
@as_json
@answered
def verify(file: Path, keys: Path | None, key: tuple[str, ...], as_json: bool) -> int:
    """Check a pack without asking Signet: 0 when all of it holds, 1 when not, 2 if unreadable."""
    report = packs.verify(file, _trusted(keys, key))
    if as_json:
        say_json(report.facts())
    else:
        _say(file, report)
    return DONE if report.ok else REFUSED


def _trusted(keys: Path | None, key: tuple[str, ...]) -> list[str]:
    trusted = [found for one in key for found in read_keys(one)]
    if keys:
        try:
            trusted += read_keys(keys.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise NoAnswer(f"{keys} cannot be read: {error}.") from None
    if not trusted:
        raise NoAnswer("Give --keys FILE or --key HEX: somebody has to be trusted.")
    return trusted


def _say(file: Path, report: packs.Report) -> None:
    if report.manifest:
        click.echo(f"{report.model}/{report.version}, built {report.manifest.get('built_at')}")
    for number, what in (
        (report.files, "files as they were signed"),
        (report.sign_offs, "sign-offs with a right signature"),
        (report.gate_answers, "gate answers with a right signature"),
        (report.proven, f"of {report.events} trail events proven by an anchor"),
    ):
        click.echo(f"  {number:>6} {what}")
    for note in [*report.notes, *(f"Left out: {one}" for one in report.left_out)]:
        click.echo(f"  note   {note}")
    for problem in report.problems:
        click.echo(f"BROKEN  {problem}")
    click.echo("HOLDS" if report.ok else f"{file} DOES NOT HOLD")
