"""What can go wrong between a caller and the portal."""

from typing import Any


class SignetError(Exception):
    """What this package raises; the message says what happened and what to do next."""


class NoAnswer(SignetError):
    """Signet gave no usable answer: wrong setting, network away, or a fault on its side."""


class Refused(SignetError):
    """Signet answered and said no; `status` and `problem` hold what it said."""

    def __init__(self, message: str, *, status: int, problem: dict[str, Any]) -> None:
        super().__init__(message)
        self.status = status
        self.problem = problem

    @property
    def errors(self) -> list[dict[str, Any]]:
        """Each place that is not acceptable, as `{"field": …, "detail": …}`."""
        return list(self.problem.get("errors") or [])
