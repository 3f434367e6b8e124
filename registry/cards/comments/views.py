"""Commenting in the browser."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from portal.accounts.access import needs
from portal.accounts.actors import actor_of
from registry.cards.comments.queries import visible_comments
from registry.cards.comments.services import (
    comment_add,
    comment_edit,
    comment_reopen,
    comment_reply,
    comment_resolve,
)
from registry.cards.note_views import done, key_of
from registry.cards.texts import plain_lines
from registry.cards.views import version_at
from registry.inventory.models import ModelVersion


def _version_with(request: HttpRequest, pk: int, version: str, **_: Any) -> ModelVersion:
    return version_at(request, pk, version)


@needs({"POST": "card.comment"}, _version_with)
def comment(request: HttpRequest, pk: int, version: str, key: str) -> HttpResponse:
    """Say something about a field."""
    found = version_at(request, pk, version)
    text = plain_lines(request.POST.get("text", ""))
    add = partial(
        comment_add,
        actor=actor_of(request),
        version_id=found.pk,
        field_key=key_of(key),
        text=text,
    )
    return done(request, found, key_of(key), "comment", add)


@needs({"POST": "card.comment"}, _version_with)
def reply(request: HttpRequest, pk: int, version: str, number: int) -> HttpResponse:
    """Answer a comment."""
    text = plain_lines(request.POST.get("text", ""))
    return _on(request, pk, version, number, "reply", partial(comment_reply, text=text))


@needs({"POST": "card.comment"}, _version_with)
def edit(request: HttpRequest, pk: int, version: str, number: int) -> HttpResponse:
    """Correct one's own comment."""
    text = plain_lines(request.POST.get("text", ""))
    return _on(request, pk, version, number, "edit", partial(comment_edit, text=text))


@needs({"POST": "card.comment"}, _version_with)
def resolve(request: HttpRequest, pk: int, version: str, number: int) -> HttpResponse:
    """Say that a comment is settled."""
    return _on(request, pk, version, number, "resolve", comment_resolve)


@needs({"POST": "card.comment"}, _version_with)
def reopen(request: HttpRequest, pk: int, version: str, number: int) -> HttpResponse:
    """Say that a comment is not settled after all."""
    return _on(request, pk, version, number, "reopen", comment_reopen)


def _on(
    request: HttpRequest, pk: int, version: str, number: int, form: str, do: Callable[..., object]
) -> HttpResponse:
    """Do something to one comment, and show its field again."""
    found = version_at(request, pk, version)
    comments = visible_comments(actor_of(request))
    subject = get_object_or_404(comments, version=found, number=number)
    act = partial(do, actor=actor_of(request), version_id=found.pk, number=number)
    return done(request, found, subject.field_key, f"{form}-{number}", act)
