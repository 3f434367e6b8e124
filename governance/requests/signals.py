"""What happens to approvals, told inside the transaction in which it does."""

from django.dispatch import Signal

# request: a request that was filed, again after changes or for the first time.
request_submitted = Signal()

# request: an approval that holds from now on.
request_granted = Signal()

# request, code: an approval that holds no longer, or for now; `code` is a governance.reasons.Reason
# value.
request_ended = Signal()

# request: a request that moved to another state or whose next seat can be signed now.
request_moved = Signal()
