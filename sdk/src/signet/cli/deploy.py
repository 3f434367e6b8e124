"""`signet deploy`: putting on record what serves."""

from pathlib import Path
from typing import Any

import click

from signet.cli.output import DONE, answered, as_json, say_json
from signet.client import Client
from signet.errors import Refused
from signet.gate import read_statement
from signet.models import parted
from signet.pipeline import pipeline
from signet.statements import Broken


@click.group()
def deploy() -> None:
    """Record deployments."""


@deploy.command()
@click.argument("version", metavar="MODEL/VERSION")
@click.option("--env", "environment", required=True, help="Where it serves, such as production.")
@click.option("--name", required=True, help="The endpoint or job that serves it.")
@click.option("--served-ref", default="", help="What the serving side says it runs.")
@click.option(
    "--statement",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The gate's answer that `signet gate check --save` kept.",
)
@click.option("--commit", default="", help="The commit that was deployed. [found in the pipeline]")
@click.option("--pipeline-url", default="", help="The pipeline's page. [found in the pipeline]")
@click.option("--purpose", default="", help="What it serves, in a few words.")
@click.option("--reason", default="", help="Why it was deployed.")
@click.option("--source", default="", help="The source, if several have a model of this name.")
@as_json
@answered
def record(version: str, statement: Path | None, as_json: bool, **words: Any) -> int:
    """Record that MODEL/VERSION serves from now on; needs the gate's statement in enforce mode."""
    model, number = parted(version.removeprefix("models:/"))
    around = pipeline()
    words["commit"] = words["commit"] or around.commit
    words["pipeline_url"] = words["pipeline_url"] or around.url
    body = {"model": model, "version": number, **{k: v for k, v in words.items() if v}}
    if statement:
        body["statement"] = _statement(statement)
    made = _sent(body)
    if as_json:
        say_json({"ok": True, "deployment": made})
    else:
        click.echo(f"On record: {made['name']} serves {version} in {made['environment']}.")
    return DONE


def _sent(body: dict[str, Any]) -> dict[str, Any]:
    try:
        with Client.from_environment() as client:
            return dict(client.post("deployments/", body=body).json())
    except Refused as refused:
        codes = ", ".join(refused.problem.get("reasons") or [])
        if not codes:
            raise
        text = f"{refused} ({codes})"
        raise Refused(text, status=refused.status, problem=refused.problem) from None


def _statement(path: Path) -> Any:
    try:
        return read_statement(path)
    except Broken as broken:
        problem = {"status": 400, "detail": str(broken)}
        raise Refused(f"{path}: {broken}", status=400, problem=problem) from None
