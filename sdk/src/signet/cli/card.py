"""`signet card`: model cards kept beside the code."""

import click


@click.group()
def card() -> None:
    """Read, check and write model cards."""
