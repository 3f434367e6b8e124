"""MLflow's JSON, read as text from a stranger and turned into frozen facts."""

from collections.abc import Callable, Mapping
from typing import Any

from registry.connectors import untrusted
from registry.connectors.base import BadAnswer, Item, Page, RemoteModel, RemoteVersion

NAME, URI, DESCRIPTION = 256, 1_000, 20_000


def model(found: Mapping[str, Any]) -> RemoteModel:
    """A registered model; BadAnswer when its name cannot be kept as it is."""
    return RemoteModel(
        name=_name(found),
        description=untrusted.text(found.get("description"), DESCRIPTION),
        tags=untrusted.pairs(found.get("tags")),
        aliases=_aliases(found.get("aliases")),
        created=untrusted.moment(found.get("creation_timestamp")),
        updated=untrusted.moment(found.get("last_updated_timestamp")),
    )


def version(found: Mapping[str, Any]) -> RemoteVersion:
    """A model version; BadAnswer when its name or number cannot be kept as it is."""
    number = found.get("version")
    if not untrusted.storable(number, 64):
        raise BadAnswer("A version has a number that Signet cannot keep.")
    return RemoteVersion(
        model=_name(found),
        version=str(number),
        description=untrusted.text(found.get("description"), DESCRIPTION),
        status=untrusted.text(found.get("status"), 40),
        source_uri=untrusted.text(found.get("source"), URI),
        run_id=untrusted.text(found.get("run_id"), 64),
        tags=untrusted.pairs(found.get("tags")),
        created=untrusted.moment(found.get("creation_timestamp")),
        updated=untrusted.moment(found.get("last_updated_timestamp")),
    )


def page(
    answer: Mapping[str, Any], field: str, read: Callable[[Mapping[str, Any]], Item]
) -> Page[Item]:
    """One page of a listing; what cannot be kept is named instead of failing its neighbours."""
    listed = answer.get(field, [])
    if not isinstance(listed, list):
        raise BadAnswer(f"MLflow's answer has no list of {field.replace('_', ' ')}.")
    items, skipped = [], []
    for found in listed:
        try:
            items.append(read(untrusted.mapping(found)))
        except BadAnswer as problem:
            skipped.append(str(problem))
    return Page(items, skipped)


def next_token(answer: Mapping[str, Any]) -> str:
    """The token of the next page, or nothing at the end."""
    token = answer.get("next_page_token") or ""
    if not isinstance(token, str) or len(token) > 2_000:
        raise BadAnswer("MLflow sent a page token that makes no sense.")
    return token


def _name(found: Mapping[str, Any]) -> str:
    name = found.get("name")
    if not untrusted.storable(name, NAME):
        raise BadAnswer(
            f"A model has a name that Signet cannot keep: {untrusted.text(name, 60)!r}. "
            f"Names have 1 to {NAME} characters and no NUL."
        )
    return str(name)


def _aliases(value: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in untrusted.objects(value):
        alias = untrusted.text(item.get("alias"), NAME)
        if alias and len(found) < untrusted.ENTRIES:
            found[alias] = untrusted.text(item.get("version"), 64)
    return found
