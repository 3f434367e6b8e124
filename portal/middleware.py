"""What every request passes: an id, clean input, a sign-in, and one place for errors."""

import re
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from portal import problems
from portal.accounts.actors import actor_of
from portal.accounts.queries import platform_admins, role_help
from portal.errors import Denied, SignetError
from portal.logs import request_id

Handler = Callable[[HttpRequest], HttpResponse]
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
NUL = "What was sent holds a NUL character, which cannot be stored. Remove it and send it again."
NO_PAGE = (
    "Something is done here by a button on another page; opening the address does nothing. "
    "Nothing was changed. Go back to the page with the button and press it again."
)


def is_api(request: HttpRequest) -> bool:
    """Whether the answer is for a program, which gets problem details."""
    return request.path.startswith("/api/")


class RequestIdMiddleware:
    """Gives each request an id, which answers, log lines and trail events carry."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-Id", "")
        known = re.fullmatch(r"[\w-]{8,40}", given, re.ASCII)
        request.request_id = given if known else uuid.uuid4().hex
        mark = request_id.set(request.request_id)
        try:
            response = self.get_response(request)
        finally:
            request_id.reset(mark)
        response["X-Request-Id"] = request.request_id
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response


class CleanInputMiddleware:
    """Refuses NUL characters, which PostgreSQL cannot store, in the address and in forms."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if holds_nul(request):
            error = SignetError(NUL, code="nul")
            return error_answer(request, error)
        return self.get_response(request)


def holds_nul(request: HttpRequest) -> bool:
    """Whether a NUL character is in the address or in a form's names, values or file names."""
    if "\x00" in request.path or "\x00" in unquote(request.META.get("QUERY_STRING", "")):
        return True
    if request.content_type not in FORMS or is_api(request):
        return False
    texts = [text for name, values in request.POST.lists() for text in (name, *values)]
    names = [file.name or "" for _, files in request.FILES.lists() for file in files]
    return any("\x00" in text for text in (*texts, *names))


class SignInRequiredMiddleware(LoginRequiredMiddleware):
    """Every view asks for a sign-in unless it says otherwise."""

    def handle_no_permission(self, request: HttpRequest, view_func: Callable) -> HttpResponse:
        """Send a page to the sign-in form; an htmx fragment takes the whole page along."""
        response = super().handle_no_permission(request, view_func)
        if not request.headers.get("HX-Request"):
            return response
        return HttpResponse(status=401, headers={"HX-Redirect": response.url})


class ErrorPagesMiddleware:
    """Turns the errors of `portal.errors` into a page, a fragment for htmx, or a problem."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 405 and is_api(request):
            return problems.refused_method(request, response)
        if response.status_code == 405 and not response.content:
            return refused_page(request, response)
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The answer for a known error; None lets Django handle any other."""
        return error_answer(request, error) if isinstance(error, SignetError) else None


def refused_page(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """A page where the browser would show an empty one: an address that only takes a form."""
    error = SignetError(NO_PAGE)
    error.status, error.title = 405, "This address is not a page"
    page = error_answer(request, error)
    page["Allow"] = response.headers.get("Allow", "")
    return page


def who_helps(request: HttpRequest) -> dict[str, Any]:
    """Whom to ask for a role; what each role may do, for somebody who holds none."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    holds_none = not actor_of(request).grants
    return {"admins": platform_admins(), "role_help": role_help() if holds_none else []}


def error_answer(request: HttpRequest, error: SignetError) -> HttpResponse:
    """One known error in the form that its reader can use."""
    if is_api(request):
        body = problems.document_of(request, error)
        return JsonResponse(body, status=error.status, content_type=problems.MEDIA_TYPE)
    is_fragment = request.headers.get("HX-Request") and not request.headers.get("HX-Boosted")
    template = "components/_error.html" if is_fragment else f"errors/{error.status}.html"
    context = {
        "error": error,
        "title": error.title,
        "message": error.message,
    }
    if isinstance(error, Denied) and not is_fragment:
        context |= who_helps(request)
    return render(framed(request), template, context, status=error.status)


def framed(request: HttpRequest) -> HttpRequest | None:
    """The request for a page's frame; None when it failed before anybody knew who asks."""
    return request if hasattr(request, "user") else None
