"""The start page, and the pages for what nobody foresaw."""

import sys

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from portal import problems
from portal.accounts.access import needs
from portal.errors import Denied, SignetError, Upstream
from portal.middleware import error_answer, framed, is_api

UNREADABLE = "The address or what was sent with it is incomplete. Go back and try again."
TOO_LONG = "What was sent is longer than 1 MB. Send less at a time."
EXPIRED = "This form has expired. Go back, reload the page and send it again."
FAILED = "Something broke on our side, and what you asked for was not done. Try again."
NO_DATABASE = "The database does not answer at the moment. Nothing was changed; try again soon."


@needs({"GET": "registry.view"})
def home(request: HttpRequest) -> HttpResponse:
    """The start page: the models."""
    return redirect("model_list")


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The answer to a request that cannot be understood."""
    if is_api(request):
        return problems.answer(request, 400, UNREADABLE)
    is_long = isinstance(exception, RequestDataTooBig)
    if request.headers.get("HX-Request"):
        return error_answer(request, SignetError(TOO_LONG if is_long else UNREADABLE))
    context: dict[str, object] = {"request": request}
    if is_long:
        context["message"] = TOO_LONG
    return render(framed(request), "errors/400.html", context, status=400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The answer to something the visitor may not do."""
    return error_answer(request, Denied("Your roles do not cover this."))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The answer for an address with nothing behind it."""
    if is_api(request):
        return problems.answer(request, 404, "There is nothing at this address.")
    if request.headers.get("HX-Request"):
        missing = SignetError("There is nothing at this address any more. Reload the page.")
        missing.status, missing.title = 404, "There is nothing here"
        return error_answer(request, missing)
    return render(request, "errors/404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """The answer to a failure of ours, with the request's id; 503 when the database is away.

    Nothing here asks the database: it may be what failed.
    """
    is_away = isinstance(sys.exc_info()[1], OperationalError | InterfaceError)
    status, text = (503, NO_DATABASE) if is_away else (500, FAILED)
    if is_api(request):
        return problems.answer(request, status, text)
    if request.headers.get("HX-Request"):
        error = Upstream(text, permanent=False)
        context = {"error": error, "title": problems.TITLES[status], "message": text}
        return render(None, "components/_error.html", context, status=status)
    context = {"request": request, "status": status, "message": text}
    return render(None, "errors/500.html", context, status=status)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The answer to a form that was open too long or came from elsewhere."""
    answer = error_answer(request, Denied(EXPIRED, code="csrf"))
    answer["X-Form-Expired"] = "true"  # the page in the browser then looks for a newer token
    return answer
