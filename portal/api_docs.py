"""The API's schema, and its documentation as a page under our content policy."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from portal.accounts.access import needs


class Schema(SpectacularAPIView):
    """The OpenAPI description of the API, for signed-in people and tokens."""

    action_name = "api.docs"


class Swagger(SpectacularSwaggerSplitView):
    """Swagger's own page; its script comes from its own address, so nothing runs inline."""

    action_name = "api.docs"
    url_name = "api_schema"


@needs({"GET": "api.docs"})
def docs(request: HttpRequest) -> HttpResponse:
    """The documentation page; somebody who is not signed in goes to the sign-in page first."""
    return Swagger.as_view()(request)


class TokenScheme(OpenApiAuthenticationExtension):
    """How the schema describes API tokens."""

    target_class = "portal.accounts.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """A bearer token."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "sgn_<id>_<secret>"}


class SessionScheme(OpenApiAuthenticationExtension):
    """How the schema describes a signed-in browser."""

    target_class = "portal.accounts.authentication.BrowserSession"
    name = "browser"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """The session's cookie."""
        from django.conf import settings

        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}


PROBLEMS = {
    "400": "The request is not acceptable; `errors` says what and where.",
    "401": "No token, or one that opens nothing.",
    "403": "The caller's roles or the token's scopes do not cover this.",
    "404": "There is nothing here, or nothing that the caller may see.",
    "406": "Only JSON is answered.",
    "429": "Too many requests; `Retry-After` says when to come back.",
}
BODY_PROBLEMS = {
    "409": "The subject is in another state, or somebody changed it at the same moment.",
    "412": "It has changed since the revision named in `If-Match`.",
    "413": "The body is longer than 1 MB.",
    "415": "This address reads another type of content.",
    "428": "`If-Match` is missing.",
}
FAULT = {
    "type": "object",
    "required": ["field", "detail"],
    "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
}
PROBLEM = {
    "type": "object",
    "description": "An error as RFC 9457 problem details.",
    "required": ["type", "title", "status", "detail", "instance", "request_id", "errors"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "request_id": {"type": "string", "description": "Quote it when you ask for help."},
        "errors": {"type": "array", "items": FAULT},
    },
}


def document_problems(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Say in the schema how every operation can fail."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
    for methods in result.get("paths", {}).values():
        for method, operation in methods.items():
            if method not in ("get", "post", "put", "patch", "delete"):
                continue
            ways = PROBLEMS if method == "get" else {**PROBLEMS, **BODY_PROBLEMS}
            for status, text in ways.items():
                operation["responses"].setdefault(status, _problem_response(text))
    return result


def _problem_response(text: str) -> dict[str, Any]:
    reference = {"$ref": "#/components/schemas/Problem"}
    return {"description": text, "content": {"application/problem+json": {"schema": reference}}}
