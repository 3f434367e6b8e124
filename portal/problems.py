"""API errors as RFC 9457 problem details."""

from rest_framework.response import Response
from rest_framework.views import exception_handler


def problem(error: Exception, context: dict[str, object]) -> Response | None:
    """One error as problem details."""
    return exception_handler(error, context)
