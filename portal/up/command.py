"""The entry point of `manage.py up`."""

import os
import sys

from portal.up import interruption, options, say
from portal.up.supervisor import Supervisor
from portal.up.trouble import Trouble

USAGE = """Start everything that Signet needs on this machine, and stop it with Ctrl-C.

It takes no arguments. The environment says how:
  PORT (8000), MLFLOW_PORT (5000)     where the portal and MLflow listen
  SIGNET_HOME (.signet)               where the state is kept
  SIGNET_DEMO=0                       do not load demo data
  SIGNET_DEMO_PASSWORD                the password of the demo's people
  DATABASE_URL (and DATABASE_OWNER_URL), CELERY_BROKER_URL, MLFLOW_TRACKING_URI
                                      servers of your own instead of the embedded ones"""


def main(arguments: list[str]) -> int:
    """Run until told to stop: 0 then, 1 after trouble, 2 when called wrongly."""
    if arguments:
        say.line(USAGE)
        return 0 if arguments[0] in ("-h", "--help") else 2
    interruption.listen()
    os.umask(0o077)
    say.line("Signet is starting.")
    try:
        Supervisor(options.read()).run()
    except interruption.Stopped:
        return 0
    except Trouble as trouble:
        sys.stderr.write(f"\n{trouble}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"\nThe state folder cannot be used: {error}\n")
        return 1
    return 0
