"""API errors as RFC 9457 problem details, whoever answers: DRF, a service or Django itself."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions
from rest_framework.views import exception_handler

from portal.api import TooLarge
from portal.errors import Invalid, SignetError

MEDIA_TYPE = "application/problem+json"
TITLES = {
    400: "The request is not acceptable",
    401: "Sign in or send a token",
    403: "You may not do this",
    404: "There is nothing here",
    405: "This address does not answer that method",
    406: "Only JSON is answered here",
    409: "This has changed in the meantime",
    412: "This has changed since you read it",
    413: "The body is too large",
    415: "This address reads another type of content",
    428: "Say which revision you read",
    429: "Too many requests",
    500: "Signet failed",
    503: "Another system is not answering",
}
Faults = list[dict[str, str]]


def document(
    request: HttpRequest, status: int, detail: str, *, code: str = "", errors: Faults | None = None
) -> dict[str, Any]:
    """One error as the members of a problem document."""
    name = code or HTTPStatus(status).name.lower().replace("_", "-")
    return {
        "type": f"urn:signet:problem:{name}",
        "title": TITLES.get(status, HTTPStatus(status).phrase),
        "status": status,
        "detail": detail,
        "instance": request.path,
        "request_id": getattr(request, "request_id", ""),
        "errors": errors or [],
    }


def answer(request: HttpRequest, status: int, detail: str, *, code: str = "") -> JsonResponse:
    """A problem from outside DRF: a wrong address, a broken request, a failure of ours."""
    body = document(request, status, detail, code=code)
    return JsonResponse(body, status=status, content_type=MEDIA_TYPE)


def refused_method(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """A 405 as a problem, also from a view outside DRF, with the methods that are answered."""
    if response["Content-Type"] == MEDIA_TYPE:
        return response
    problem = answer(request, 405, f"{request.method} is not answered at this address.")
    problem["Allow"] = response.headers.get("Allow", "")
    return problem


def problem(error: Exception, context: dict[str, Any]) -> JsonResponse | None:
    """The answer for an error in an API view; None lets Django answer what nobody foresaw."""
    request = context["request"]._request
    if isinstance(error, RequestDataTooBig):
        error = TooLarge()
    if isinstance(error, SignetError):
        return _response(document_of(request, error), error.status)
    response = exception_handler(error, context)
    if response is None:
        return None
    errors: Faults = []
    if isinstance(error, exceptions.ValidationError):
        errors = list(faults(error.detail))
        detail = "Some of what was sent is not acceptable; `errors` names each place and why."
    else:
        detail = str(getattr(error, "detail", "") or "There is nothing at this address.")
    code = getattr(error, "default_code", "")
    body = document(request, response.status_code, detail, code=code, errors=errors)
    return _response(body, response.status_code, headers=dict(response.items()))


def document_of(request: HttpRequest, error: SignetError) -> dict[str, Any]:
    """One of our own errors as the members of a problem document."""
    errors = list(faults(error.fields)) if isinstance(error, Invalid) else []
    return document(request, error.status, error.message, code=error.code, errors=errors)


def faults(detail: Any, place: str = "") -> Iterable[dict[str, str]]:
    """Each fault of a validation error with the place it is at, such as `values.owner`."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            at = "" if name == "non_field_errors" else str(name)
            yield from faults(inner, ".".join(part for part in (place, at) if part))
    elif isinstance(detail, list | tuple):
        for index, inner in enumerate(detail):
            is_text = isinstance(inner, str)
            yield from faults(inner, place if is_text else f"{place}.{index}".strip("."))
    else:
        yield {"field": place, "detail": str(detail)}


def _response(
    body: dict[str, Any], status: int, *, headers: dict[str, str] | None = None
) -> JsonResponse:
    """JSON whatever the view renders: the schema's view, for one, answers in YAML."""
    kept = {name: value for name, value in (headers or {}).items() if name != "Content-Type"}
    return JsonResponse(body, status=status, headers=kept, content_type=MEDIA_TYPE)
