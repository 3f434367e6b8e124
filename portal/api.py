"""What every API view shares: strict JSON, bounded pages, known fields, mandatory revisions."""

import json
import math
import re
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework import serializers
from rest_framework.exceptions import APIException, ParseError, ValidationError
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.parsers import JSONParser
from rest_framework.request import Request

# NUL cannot be stored by PostgreSQL; a lone surrogate cannot be written as UTF-8 at all.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
DEEPEST = 60
FURTHEST = 1_000_000


class TooLarge(APIException):
    """The body is longer than Signet reads."""

    status_code = 413
    default_code = "content-too-large"
    default_detail = "The body is longer than 1 MB. Send less at a time."


class RevisionMissing(APIException):
    """A write that does not say what its author had read."""

    status_code = 428
    default_code = "precondition-required"
    default_detail = (
        "Send the header If-Match with the ETag of what you read, so that nobody's change is lost."
    )


class RevisionStale(APIException):
    """A write based on something that has changed since."""

    status_code = 412
    default_code = "precondition-failed"
    default_detail = "This has changed since you read it. Read it again and repeat your change."


class StrictJSONParser(JSONParser):
    """JSON of at most 1 MB without NaN, endless numbers, doubled names or unstorable text."""

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """What the body says; ParseError with a reason, or TooLarge."""
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        request = (parser_context or {}).get("request")
        if request is not None and int(request.META.get("CONTENT_LENGTH") or 0) > most:
            raise TooLarge
        raw = stream.read(most + 1)
        if len(raw) > most:
            raise TooLarge
        try:
            value = json.loads(
                raw.decode("utf-8"), parse_constant=_refuse, object_pairs_hook=_no_doubles
            )
        except RecursionError:
            raise ParseError("The JSON is nested too deeply.") from None
        except ValueError as error:
            raise ParseError(f"The body is not acceptable JSON: {error}") from None
        check_value(value)
        return value


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("an object has the same name twice")
    return value


def check_value(value: Any, depth: int = 0) -> None:
    """Refuse what JSON allows and the database cannot keep."""
    if depth > DEEPEST:
        raise ParseError("The JSON is nested too deeply.")
    if isinstance(value, str) and UNSTORABLE.search(value):
        raise ParseError("The body holds a NUL character or half of a character.")
    if isinstance(value, float) and not math.isfinite(value):
        raise ParseError("The body holds a number that is too large.")
    if isinstance(value, dict):
        for name, inner in value.items():
            check_value(name, depth + 1)
            check_value(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            check_value(inner, depth + 1)


class Pages(LimitOffsetPagination):
    """`limit` up to 200 and `offset` up to a million; anything else is refused, not guessed."""

    default_limit = 50
    max_limit = 200

    def get_limit(self, request: Request) -> int:
        """How many to show."""
        return _whole(request, "limit", self.default_limit, low=1, high=self.max_limit)

    def get_offset(self, request: Request) -> int:
        """How many to skip."""
        return _whole(request, "offset", 0, low=0, high=FURTHEST)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """The two parameters with their bounds, for the schema."""
        bounds = {
            "limit": {"minimum": 1, "maximum": self.max_limit, "default": self.default_limit},
            "offset": {"minimum": 0, "maximum": FURTHEST, "default": 0},
        }
        texts = {"limit": "How many to show.", "offset": "How many to skip."}
        return [
            {
                "name": name,
                "in": "query",
                "required": False,
                "description": texts[name],
                "schema": {"type": "integer", **bound},
            }
            for name, bound in bounds.items()
        ]


def _whole(request: Request, name: str, default: int, *, low: int, high: int) -> int:
    text = request.query_params.get(name, "")
    if not text:
        return default
    if re.fullmatch(r"[0-9]{1,9}", text) is None or not low <= int(text) <= high:
        raise ValidationError({name: [f"Give a whole number from {low} to {high}."]})
    return int(text)


class KnownParameters:
    """A view that refuses query parameters it does not know: a typo must not widen an answer."""

    parameters: tuple[str, ...] = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Who may, then what was asked; ValidationError names every unknown parameter."""
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        paging = ("limit", "offset") if hasattr(self, "list") else ()
        known = {*self.parameters, *paging}
        unknown = [name for name in request.query_params if name not in known]
        if unknown:
            listed = f"known are {', '.join(sorted(known))}" if known else "none are read here"
            why = [f"There is no such parameter; {listed}."]
            raise ValidationError({name[:80]: why for name in unknown})


class StrictSerializer(serializers.Serializer):
    """A serializer that refuses names it does not know, instead of dropping them silently."""

    def to_internal_value(self, data: Any) -> Any:
        """The validated values; ValidationError names every unknown or read-only field."""
        if isinstance(data, Mapping):
            writable = {name for name, field in self.fields.items() if not field.read_only}
            refused = [name for name in data if name not in writable]
            if refused:
                raise ValidationError(
                    {str(name)[:80]: [self._why(str(name), writable)] for name in refused}
                )
        return super().to_internal_value(data)

    def _why(self, name: str, writable: set[str]) -> str:
        if name in self.fields:
            return "This field cannot be set here."
        return f"There is no such field; known are {', '.join(sorted(writable))}."


def etag_of(revision: object) -> str:
    """A strong entity tag that names a revision."""
    return f'"{revision}"'


def require_match(request: Request, current: str) -> None:
    """Refuse a write unless If-Match names `current`: 428 without, 412 when stale.

    `*` counts as missing, because it says nothing about what its author had read.
    """
    given = request.headers.get("If-Match", "").strip()
    if given in ("", "*"):
        raise RevisionMissing
    if current not in (tag.strip() for tag in given.split(",")):
        raise RevisionStale
