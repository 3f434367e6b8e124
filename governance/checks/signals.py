"""What the checks found, told inside the transaction in which it is kept."""

from django.dispatch import Signal

# run, actor: the checks ran; `run` is what they found, also when an earlier run had found the same.
checks_finished = Signal()
