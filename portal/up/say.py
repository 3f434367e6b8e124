"""What the person at the keyboard sees while things start."""

import contextlib
import sys
import time
from collections.abc import Iterator


def line(text: str = "") -> None:
    """Print a line at once; a terminal that was closed meanwhile is no reason to fail."""
    _write(text + "\n")


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    """Print the title with a tick and the seconds when the step is done."""
    live = sys.stdout.isatty()
    if live:
        _write(f"  … {title}")
    begun = time.monotonic()
    done = False
    try:
        yield
        done = True
    finally:
        if live:
            _write("\r\x1b[K")
        if done:
            tick(title, time.monotonic() - begun)


def tick(title: str, seconds: float) -> None:
    """Say that something is done and how long it took."""
    line(f"  ✓ {title:<46}{seconds:6.1f} s")


def _write(text: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.write(text)
        sys.stdout.flush()
