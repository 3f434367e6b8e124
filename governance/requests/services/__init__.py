"""The verbs on approval requests, by group; everything that changes one goes through here."""

from governance.requests.services.filing import (
    checks_pin,
    request_open,
    request_submit,
    request_withdraw,
)
from governance.requests.services.signing import Promise, request_sign

__all__ = [
    "Promise",
    "checks_pin",
    "request_open",
    "request_sign",
    "request_submit",
    "request_withdraw",
]
