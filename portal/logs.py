"""Log lines that cannot be forged by what users type, and that name the request they belong to."""

import logging
from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="-")


class OneLine(logging.Formatter):
    """Escapes control characters in the message, so that one record stays one line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text; the traceback, which is ours, keeps its lines."""
        record.message = record.getMessage()
        # Django tells of a refused request after it has left the middleware that knew its id.
        asked = getattr(record, "request", None)
        record.request_id = getattr(asked, "request_id", None) or request_id.get()
        record.msg = "".join(
            char if char.isprintable() else f"\\x{ord(char):02x}" for char in record.message
        )
        record.args = None
        return super().format(record)
