"""Waiting for something that another process does."""

import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def wait_until(
    check: Callable[[], Result], seconds: float = 20.0, what: str = "the condition"
) -> Result:
    """Ask again until the answer is true, and return it; AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        answer = check()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:g} s for {what}; the last answer was {answer!r}")
        time.sleep(0.05)
