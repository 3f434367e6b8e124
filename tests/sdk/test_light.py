"""The SDK is light: what its command brings into a process."""

import subprocess
import sys
from pathlib import Path

HEAVY = ("django", "mlflow", "pandas", "numpy", "portal", "registry", "rest_framework")


def test_the_command_brings_neither_django_nor_a_data_library():
    code = (
        f"import sys, signet.cli.main; print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_command_is_installed_and_says_what_it_is():
    signet = Path(sys.executable).parent / "signet"
    done = subprocess.run([signet, "--help"], capture_output=True, text=True)
    assert (done.returncode, "Exit codes: 0 done" in done.stdout) == (0, True)
    wrong = subprocess.run([signet, "card", "nothing"], capture_output=True, text=True)
    assert (wrong.returncode, "No such command" in wrong.stderr) == (2, True)
