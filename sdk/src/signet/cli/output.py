"""What every command prints: words for people, one JSON object for programs."""

import json
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import click

from signet.errors import NoAnswer, Refused, SignetError

DONE, REFUSED, NO_ANSWER = 0, 1, 2
P = ParamSpec("P")

F = TypeVar("F", bound=Callable[..., Any])


def as_json(command: F) -> F:
    """Give a command the option --json."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(command)


def answered(command: Callable[P, int]) -> Callable[P, None]:
    """Leave a command with the code it gives; with --json its errors are JSON as well."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = command(*args, **kwargs)
        except SignetError as error:
            if not kwargs.get("as_json"):
                raise
            say_json(failure_of(error))
            code = code_of(error)
        click.get_current_context().exit(code)

    return run


def code_of(error: SignetError) -> int:
    """The exit code for an error."""
    return NO_ANSWER if isinstance(error, NoAnswer) else REFUSED


def failure_of(error: SignetError) -> dict[str, Any]:
    """An error as data, with the portal's own words where it gave any."""
    facts: dict[str, Any] = {"ok": False, "error": str(error)}
    return {**facts, "problem": error.problem} if isinstance(error, Refused) else facts


def say_json(facts: dict[str, Any]) -> None:
    """Print one JSON object."""
    click.echo(json.dumps(facts, ensure_ascii=False, indent=1))


def say_list(title: str, lines: Iterable[str]) -> None:
    """Print a title and a line for each; nothing when there is none."""
    for number, line in enumerate(lines):
        if not number:
            click.echo(f"{title}:")
        click.echo(f"  {line}")
