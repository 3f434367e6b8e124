#!/usr/bin/env python
"""Signet's command line."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    if sys.argv[1:2] == ["up"]:
        # `up` makes the environment that the settings read, so it runs before them.
        from portal.up.command import main as up

        sys.exit(up(sys.argv[2:]))
    from django.core.management import execute_from_command_line

    from portal.env import EnvError

    try:
        execute_from_command_line(sys.argv)
    except EnvError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
