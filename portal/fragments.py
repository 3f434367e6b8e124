"""What htmx asks of a page: one named part of it, or the whole."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers


def part_asked(request: HttpRequest, parts: Mapping[str, str]) -> str:
    """The part that belongs to htmx's target; empty for the whole page, as going back asks for."""
    if not request.htmx or request.htmx.history_restore_request:
        return ""
    return parts.get(request.htmx.target or "", "")


def render_part(
    request: HttpRequest, template: str, context: Mapping[str, Any], parts: Mapping[str, str]
) -> HttpResponse:
    """The page, or the part of it that htmx asks for; a cache keeps them apart."""
    part = part_asked(request, parts)
    response = render(request, f"{template}#{part}" if part else template, context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response
