"""`manage.py trail verify | export FILE | anchor | key`."""

import json
import os
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.actors import service
from portal.errors import SignetError
from portal.trail.anchors import anchor_take
from portal.trail.export import whole_trail
from portal.trail.keys import trusted_keys
from portal.trail.verification import trail_walk


class Command(BaseCommand):
    """The trail from the command line."""

    help = "Verify, export or anchor the trail, or print the public key that auditors need."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One subcommand a verb."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        verify = verbs.add_parser(
            "verify", help="check every event and anchor; exit code 1 if any fails"
        )
        verify.add_argument("--json", action="store_true", help="print the report as JSON")
        export = verbs.add_parser("export", help="write the whole trail to a file, for verifier.py")
        export.add_argument("file", type=Path)
        anchor = verbs.add_parser("anchor", help="sign the end of the trail now")
        anchor.add_argument("--reason", default="asked for on the command line")
        verbs.add_parser("key", help="print the public keys whose anchors count, newest first")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do the verb; a known error is one sentence."""
        try:
            getattr(self, f"do_{options['verb']}")(options)
        except SignetError as error:
            raise CommandError(error.message) from None

    def do_verify(self, options: dict[str, Any]) -> None:
        """Check everything and print the verdict."""
        telling = None if options["json"] or not sys.stderr.isatty() else self._progress
        report = trail_walk(telling)
        text = json.dumps(asdict(report), indent=1) if options["json"] else report.told()
        self.stdout.write(text)
        if report.finding_count:
            sys.exit(1)

    def do_export(self, options: dict[str, Any]) -> None:
        """Write the file whole or not at all."""
        path: Path = options["file"]
        fresh = path.with_name(path.name + ".part")
        count = -1
        try:
            fresh.unlink(missing_ok=True)
            fresh.touch(mode=0o600)
            with fresh.open("w", encoding="utf-8") as out:
                for line in whole_trail():
                    out.write(line)
                    count += 1
                out.flush()
                os.fsync(out.fileno())
            fresh.replace(path)
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}.") from None
        self.stdout.write(f"{count} events are in {path}.")

    def do_anchor(self, options: dict[str, Any]) -> None:
        """Take an anchor; its copies are written by the worker."""
        anchor = anchor_take(actor=service("trail"), reason=options["reason"])
        if anchor is None:
            self.stdout.write("The trail is empty; there is nothing to anchor.")
        else:
            self.stdout.write(
                f"The newest anchor is at event {anchor.seq}, of {anchor.at:%F %T} UTC."
            )

    def do_key(self, options: dict[str, Any]) -> None:
        """Print the public keys."""
        for key in trusted_keys():
            self.stdout.write(key)

    def _progress(self, done: int, total: int) -> None:
        self.stderr.write(f"\r{done:,} of {total:,} events", ending="" if done < total else "\n")
