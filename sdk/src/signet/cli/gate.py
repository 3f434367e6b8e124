"""`signet gate`: may this version run there?"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from signet import gate as gates
from signet.artifacts import artifact_digest
from signet.cli.output import DONE, REFUSED, answered, as_json, say_json
from signet.client import Client
from signet.errors import NoAnswer
from signet.gate import ALLOWED, DENIED, Question, Verdict, target_of
from signet.junit import junit_write, lines_of
from signet.pipeline import Pipeline, annotations, pipeline
from signet.statements import Broken, Statement, read_keys, statement_of

FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)

environment_option = click.option(
    "--env", "environment", required=True, help="Where it is to run, such as production."
)
digest_option = click.option("--digest", default="", help="SHA-256 of the artifact that would run.")
artifact_option = click.option(
    "--artifact", type=FOLDER, help="The folder of the model's files, whose digest is computed."
)
keys_option = click.option(
    "--keys", type=FILE, help="Signet's public keys: the file that `signet gate keys` wrote."
)


@click.group()
def gate() -> None:
    """Ask whether a version may run, and check answers offline."""


@gate.command()
@click.argument("target", metavar="MODEL@ALIAS|MODEL/VERSION")
@environment_option
@digest_option
@artifact_option
@click.option("--commit", default="", help="The commit that is deployed. [found in the pipeline]")
@click.option("--pipeline-url", default="", help="The pipeline's page. [found in the pipeline]")
@click.option("--source", default="", help="The source, if several have a model of this name.")
@keys_option
@click.option("--junit", type=FILE, help="Write the result as JUnit XML.")
@click.option("--save", type=FILE, help="Keep the signed statement in this file.")
@click.option(
    "--on-unreachable",
    type=FILE,
    help="A saved statement to go by when Signet cannot be reached; needs --keys.",
)
@as_json
@answered
def check(
    target: str,
    environment: str,
    digest: str,
    artifact: Path | None,
    commit: str,
    pipeline_url: str,
    source: str,
    keys: Path | None,
    junit: Path | None,
    save: Path | None,
    on_unreachable: Path | None,
    as_json: bool,
) -> int:
    """Leave with 0 when the version may run there, 1 when not, 2 when nobody could tell."""
    if on_unreachable and keys is None:
        raise NoAnswer("--on-unreachable needs --keys: an unchecked file proves nothing.")
    around = pipeline()
    question = Question(
        target=target_of(target),
        environment=environment,
        digest=_digest(digest, artifact),
        commit=commit or around.commit,
        pipeline_url=pipeline_url or around.url,
        source=source,
    )
    verdict = _verdict(question, _keys(keys), on_unreachable)
    if save and verdict.answer.get("statement"):
        _write(save, json.dumps(verdict.answer["statement"], indent=1))
    if junit:
        junit_write(junit, verdict)
    _say(verdict, around, as_json=as_json)
    return verdict.code


def _verdict(question: Question, keys: list[str] | None, saved: Path | None) -> Verdict:
    try:
        with Client.from_environment() as client:
            return gates.ask(client, question, keys=keys)
    except NoAnswer as error:
        if saved is None:
            return gates.could_not_tell(question, str(error))
        click.echo(f"signet: {error}", err=True)
        text = _read(saved)
        return gates.by_saved(question, text, keys or [], at=datetime.now(UTC))


@gate.command()
@click.argument("file", type=FILE)
@keys_option
@click.option("--key", multiple=True, help="A public key in hex; may be given several times.")
@click.option("--target", default="", metavar="MODEL/VERSION", help="The version it must be about.")
@click.option("--env", "environment", default="", help="The environment it must be about.")
@digest_option
@artifact_option
@as_json
@answered
def verify(
    file: Path,
    keys: Path | None,
    key: tuple[str, ...],
    target: str,
    environment: str,
    digest: str,
    artifact: Path | None,
    as_json: bool,
) -> int:
    """Check a saved statement, or the tag signet.token, without asking Signet.

    Leaves with 0 when it is a valid approval of what was named, 1 when not.
    """
    trusted = [*(_keys(keys) or []), *(found for one in key for found in read_keys(one))]
    if not trusted:
        raise NoAnswer("Give --keys FILE or --key HEX: somebody has to be trusted.")
    wanted = target_of(target) if target else None
    said, problems = _checked(file, trusted)
    if said:
        problems += said.problems(
            at=datetime.now(UTC),
            model=wanted.model if wanted else "",
            version=wanted.version if wanted else "",
            environment=environment,
            digest=_digest(digest, artifact),
        )
        if wanted and wanted.alias and said.asked != f"@{wanted.alias}":
            problems.append(f"It was asked for {said.asked}, not for @{wanted.alias}.")
    _say_verified(said, problems, as_json=as_json)
    return REFUSED if problems else DONE


def _checked(file: Path, trusted: list[str]) -> tuple[Statement | None, list[str]]:
    try:
        return statement_of(gates.read_statement(file), trusted), []
    except Broken as broken:
        return None, [str(broken)]


@gate.command("keys")
@click.option("-o", "--output", type=FILE, help="The file to write. [printed otherwise]")
@answered
def fetch_keys(output: Path | None) -> int:
    """Read Signet's public keys once, to be kept beside the pipeline's code."""
    with Client.from_environment() as client:
        text = client.call("GET", f"{client.url}/.well-known/signet-keys.json").text
    read_keys(text)
    if output is None:
        click.echo(text)
        return DONE
    _write(output, text)
    click.echo(f"Wrote {output}. Keep it under version control: it is what you trust.")
    return DONE


def _digest(digest: str, artifact: Path | None) -> str:
    given = digest.removeprefix("sha256:").lower()
    if artifact is None:
        return given
    computed = artifact_digest(artifact)
    if given and given != computed:
        raise NoAnswer(f"--digest is {given}, and the files of {artifact} have {computed}.")
    return computed


def _keys(file: Path | None) -> list[str] | None:
    return read_keys(_read(file)) if file else None


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NoAnswer(f"{file} cannot be read: {error}.") from None


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise NoAnswer(f"{file} cannot be written: {error.strerror}.") from None


def _say(verdict: Verdict, around: Pipeline, *, as_json: bool) -> None:
    if as_json:
        say_json(verdict.facts())
    else:
        _say_table(verdict)
    level = {ALLOWED: "notice", DENIED: "error"}.get(verdict.code, "error")
    if verdict.code == ALLOWED and verdict.reasons:
        level = "warning"
    title = f"Signet gate: {verdict.word.lower()}"
    lines = [verdict.headline, *lines_of(verdict)]
    # On the error stream, so that --json stays one object.
    for line in annotations(around.provider, level, title, lines):
        click.echo(line, err=True, color=True)
    if around.summary_file:
        _summarise(Path(around.summary_file), title, lines)


def _say_table(verdict: Verdict) -> None:
    click.echo(f"{verdict.word}  {verdict.target}  {verdict.environment}")
    rows: list[tuple[str, Any]] = [(r["code"], r["text"]) for r in verdict.reasons]
    rows += [(f"by {c['due_on']}", f"{c['text']} ({c['owner']})") for c in verdict.conditions]
    rows += [("mode", verdict.mode)] if verdict.mode else []
    rows += [("valid until", verdict.valid_until)] if verdict.valid_until else []
    rows += [("more", verdict.link)] if verdict.link else []
    width = max((len(name) for name, _ in rows), default=0)
    for name, text in rows:
        click.echo(f"  {name:<{width}}  {text}")
    if verdict.offline:
        click.echo("  Signet was not reached; this is what it had signed before.")


def _summarise(file: Path, title: str, lines: list[str]) -> None:
    """Add to GitHub's job summary; a summary that cannot be written stops nobody."""
    quoted = "\n".join(f"- {line.replace('<', '&lt;')}" for line in lines)
    try:
        with file.open("a", encoding="utf-8") as summary:
            summary.write(f"### {title}\n\n{quoted}\n")
    except OSError as error:
        click.echo(f"signet: {file} cannot be written: {error.strerror}.", err=True)


def _say_verified(said: Statement | None, problems: list[str], *, as_json: bool) -> None:
    if as_json:
        say_json({"ok": not problems, "problems": problems, **(said.facts() if said else {})})
        return
    if said:
        ends = f" until {said.valid_until:%Y-%m-%d %H:%M} UTC" if said.valid_until else ""
        click.echo(f"Signed by Signet: {said.model}/{said.version} in {said.environment}{ends}")
    for problem in problems:
        click.echo(f"NOT VALID  {problem}")
    if not problems:
        click.echo("VALID")
