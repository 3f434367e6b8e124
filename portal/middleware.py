"""What every request passes: an id, clean input, and one place that turns errors into pages."""

import re
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.errors import SignetError

Handler = Callable[[HttpRequest], HttpResponse]


class RequestIdMiddleware:
    """Gives each request an id, which answers, log lines and trail events carry."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-Id", "")
        request.request_id = given if re.fullmatch(r"[\w-]{8,40}", given) else uuid.uuid4().hex
        response = self.get_response(request)
        response["X-Request-Id"] = request.request_id
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response


class CleanInputMiddleware:
    """Refuses NUL characters, which PostgreSQL cannot store, with a plain 400."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            return HttpResponse("The address holds a NUL character.", status=400)
        return self.get_response(request)


class ErrorPagesMiddleware:
    """Turns the errors of `portal.errors` into a page, or into a fragment for htmx."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The answer for a known error; None lets Django handle any other."""
        if not isinstance(error, SignetError):
            return None
        template = "components/_error.html" if request.htmx else f"errors/{error.status}.html"
        context = {"error": error, "title": error.title, "message": error.message}
        return render(request, template, context, status=error.status)
