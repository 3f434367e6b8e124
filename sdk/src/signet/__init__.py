"""Work with a Signet portal from a laptop or a pipeline; importing this alone is light."""

from signet.client import Client
from signet.errors import NoAnswer, Refused, SignetError

__all__ = ["Client", "NoAnswer", "Refused", "SignetError"]
