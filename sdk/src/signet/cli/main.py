"""The command `signet` and its groups."""

import sys

import click

from signet.cli.card import card
from signet.cli.ci import ci
from signet.cli.deploy import deploy
from signet.cli.evidence import evidence
from signet.cli.gate import gate
from signet.cli.output import NO_ANSWER, code_of
from signet.errors import SignetError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="signet-sdk", prog_name="signet")
def signet() -> None:
    """Work with a Signet portal.

    SIGNET_URL is its address, SIGNET_TOKEN a token made on your account page.
    Exit codes: 0 done, 1 Signet says no, 2 no answer (wrong use, settings, network).
    """


signet.add_command(card)
signet.add_command(ci)
signet.add_command(gate)
signet.add_command(deploy)
signet.add_command(evidence)


def main() -> None:
    """Run the command and leave with the code that pipelines act upon."""
    try:
        code = signet.main(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.Abort:
        sys.exit(NO_ANSWER)
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(NO_ANSWER)
    except SignetError as error:
        click.echo(f"signet: {error}", err=True)
        sys.exit(code_of(error))
