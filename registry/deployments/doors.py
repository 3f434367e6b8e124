"""Through which service a deployment is put on record: an app above may put the gate before it."""

from collections.abc import Callable, Sequence
from typing import Any

from portal.errors import Conflict
from registry.deployments.models import Deployment
from registry.deployments.services import deployment_record

Recorder = Callable[..., Deployment]


class NotApproved(Conflict):
    """The version may not serve there; `reasons` are the machine codes."""

    title = "Not approved"

    def __init__(self, message: str, reasons: Sequence[str]) -> None:
        super().__init__(message, code="not-approved")
        self.reasons = list(reasons)


def _without_gate(
    *, statement: Any = None, commit: str = "", pipeline_url: str = "", **facts: Any
) -> Deployment:
    return deployment_record(**facts)


_recorder: list[Recorder] = [_without_gate]


def recorder_use(recorder: Recorder) -> None:
    """Have `recorder` answer `deployment_take` from now on; it takes the same arguments."""
    _recorder[:] = [recorder]


def deployment_take(**facts: Any) -> Deployment:
    """Record a deployment, as `deployment_record` does, if it may serve there; else NotApproved.

    `statement` is the gate's answer that a pipeline got, `commit` and `pipeline_url` say where it
    came from.
    """
    return _recorder[0](**facts)
