"""The verbs on approval requests, by group; everything that changes one goes through here."""

from governance.requests.services.conditions import condition_close
from governance.requests.services.delegations import delegation_end, delegation_give
from governance.requests.services.emergencies import (
    emergency_call,
    emergency_renew,
    emergency_review,
)
from governance.requests.services.filing import (
    checks_pin,
    request_open,
    request_submit,
    request_withdraw,
)
from governance.requests.services.governing import (
    request_reinstate,
    request_revoke,
    request_suspend,
)
from governance.requests.services.remarks import (
    evidence_opened,
    request_comment,
    request_nudge,
)
from governance.requests.services.signing import Promise, request_sign

__all__ = [
    "Promise",
    "checks_pin",
    "condition_close",
    "delegation_end",
    "delegation_give",
    "emergency_call",
    "emergency_renew",
    "emergency_review",
    "evidence_opened",
    "request_comment",
    "request_nudge",
    "request_open",
    "request_reinstate",
    "request_revoke",
    "request_sign",
    "request_submit",
    "request_suspend",
    "request_withdraw",
]
