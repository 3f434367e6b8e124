"""Bodies that are too long are refused before anything reads them into memory or onto the disk."""

import re
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, UnreadablePostError

from portal.errors import TooLong
from portal.middleware import error_answer

PIECE = 64 * 1024
# A client that is still sending may not look at the answer, so what comes is read and dropped;
# one that would send far more is cut off.
DROPPED = 128 * 1024 * 1024


class BodySizeMiddleware:
    """Refuses a body that announces more than `LARGEST_BODY`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        size = announced(request)
        if size <= settings.LARGEST_BODY:
            return self.get_response(request)
        drop(request)
        return error_answer(request, TooLong(size))


def announced(request: HttpRequest) -> int:
    """How long the body says it is; nobody reads more than that of it."""
    text = str(request.META.get("CONTENT_LENGTH") or "0")
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else 0


def drop(request: HttpRequest) -> None:
    """Read the body piece by piece and keep nothing of it."""
    left = DROPPED
    try:
        while left > 0 and (piece := request.read(PIECE)):
            left -= len(piece)
    except UnreadablePostError:
        return  # the sender has gone
