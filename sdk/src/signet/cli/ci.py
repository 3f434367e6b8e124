"""`signet ci`: a pipeline's file from a template."""

from pathlib import Path
from typing import Any

import click

from signet.ci import PLACES, Plan, hint, rendered
from signet.cli.output import DONE, answered
from signet.errors import NoAnswer, Refused


@click.group()
def ci() -> None:
    """Pipelines that train, ask the gate and deploy."""


@ci.command()
@click.option("--provider", type=click.Choice(sorted(PLACES)), required=True)
@click.option("--model", required=True, help="The registered model's name.")
@click.option("--env", "environment", default="production", show_default=True)
@click.option("--deployment", default="", help="The endpoint's name. [the model's name]")
@click.option("--branch", default="main", show_default=True, help="The branch that is released.")
@click.option("--install", default=Plan.install, show_default=True)
@click.option("--train", default=Plan.train, show_default=True)
@click.option("--evaluate", default=Plan.evaluate, show_default=True)
@click.option(
    "--register",
    default=Plan.register,
    show_default=True,
    help="Prints the new version's number as its last line.",
)
@click.option("--deploy", default=Plan.deploy, show_default=True)
@click.option("-o", "--output", default="", help="The file to write, - to print.")
@click.option("--force", is_flag=True, help="Write over a file that says something else.")
@answered
def init(provider: str, output: str, force: bool, **words: Any) -> int:
    """Write a pipeline: train, evaluate, register, gate, deploy, record."""
    plan = Plan(**words)
    text = rendered(provider, plan)
    if output == "-":
        click.echo(text, nl=False)
        return DONE
    path = Path(output or PLACES[provider])
    _write(path, text, force=force)
    click.echo(f"Wrote {path}. What is left to do:")
    for line in hint(provider, plan):
        click.echo(f"  {line}")
    return DONE


def _write(path: Path, text: str, *, force: bool) -> None:
    try:
        if path.exists() and not force and path.read_text(encoding="utf-8") != text:
            raise Refused(
                f"{path} is there and says something else. Add --force to write over it.",
                status=409,
                problem={"status": 409},
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NoAnswer(f"{path} cannot be written: {error}.") from None
