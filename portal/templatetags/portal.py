"""The building blocks of every page; `templates/components/README.md` shows each in use."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django import forms, template
from django.core.paginator import Page
from django.forms.boundfield import BoundField
from django.template import Context
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.icons import icon_names

register = template.Library()

TONES = frozenset({"grey", "blue", "cyan", "green", "yellow", "orange", "red", "purple", "pink"})
LEVELS = {
    "debug": ("grey", "info-circle"),
    "info": ("blue", "info-circle"),
    "success": ("green", "circle-check"),
    "warning": ("orange", "alert-triangle"),
    "error": ("red", "alert-circle"),
}
ORIGINS = {
    "pulled": ("download", "From MLflow", "Read from MLflow at the last sync; change it there."),
    "inherited": ("git-branch", "Inherited", "Carried over from the previous version's card."),
    "written": ("pencil", "Written here", "Written in Signet by a person."),
    "unknown": ("help", "Not known", "No source gave this, and nobody has written it."),
}


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An icon of the sprite: decoration, or an image when it has a label; ValueError if unknown."""
    if name not in icon_names():
        raise ValueError(
            f"No icon {name!r} in the sprite; static/vendor/VERSIONS.md says how to add one."
        )
    href = f"{static('vendor/icons/sprite.svg')}#{name}"
    if label:
        return format_html(
            '<svg class="icon" role="img" aria-label="{}"><use href="{}"></use></svg>', label, href
        )
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"></use></svg>', href)


@register.filter
def tone_of_level(level: str) -> str:
    """The tone of a message level such as `success`; blue for one that is not known."""
    return LEVELS.get(level, LEVELS["info"])[0]


@register.filter
def icon_of_level(level: str) -> str:
    """The icon of a message level such as `success`."""
    return LEVELS.get(level, LEVELS["info"])[1]


@register.inclusion_tag("components/_badge.html")
def badge(choice: Any, tone: str = "", help: str = "") -> dict[str, Any]:
    """A status badge; label, tone and icon come from the choice unless `tone` says otherwise."""
    label = getattr(choice, "label", choice)
    found = tone or getattr(label, "tone", "grey")
    if found not in TONES:
        raise ValueError(f"{found!r} is not a tone; use one of {', '.join(sorted(TONES))}.")
    return {
        "label": label,
        "tone": found,
        "icon": getattr(label, "icon", ""),
        "help": help,
    }


@register.inclusion_tag("components/_provenance.html")
def provenance(kind: str, detail: str = "") -> dict[str, str]:
    """Where a value came from: pulled, inherited, written or unknown; `detail` becomes the hint."""
    name, label, help_text = ORIGINS[kind]
    return {"kind": kind, "icon": name, "label": label, "help": detail or help_text}


def age(seconds: float) -> str:
    """A short age such as `3 min`, rounded down."""
    if seconds < 60:
        return "under a minute"
    for size, unit in ((86_400 * 365, "year"), (86_400 * 30, "month"), (86_400, "day")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return f"{int(seconds // 3600)} h" if seconds >= 3600 else f"{int(seconds // 60)} min"


@register.inclusion_tag("components/_time.html")
def ago(value: datetime | None, otherwise: str = "Never") -> dict[str, Any]:
    """A moment as its distance from now, with the exact time as a hint."""
    if value is None:
        return {"value": None, "otherwise": otherwise}
    seconds = (timezone.now() - value).total_seconds()
    text = f"{age(seconds)} ago" if seconds >= 0 else f"in {age(-seconds)}"
    return {"value": value, "text": text, "title": exact(value)}


@register.inclusion_tag("components/_time.html")
def when(value: datetime | None, otherwise: str = "Never") -> dict[str, Any]:
    """A moment in full with its zone, with the distance from now as a hint."""
    if value is None:
        return {"value": None, "otherwise": otherwise}
    return {"value": value, "text": exact(value), "title": ago(value)["text"]}


def exact(value: datetime) -> str:
    """A moment to the second, in the portal's zone, which is named."""
    return timezone.localtime(value).strftime("%-d %b %Y, %H:%M:%S %Z")


@register.filter
def figure(value: Any, digits: int = 4) -> str:
    """A number to `digits` significant digits with thin groups; a dash when there is none."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.{digits}g}"


@register.inclusion_tag("components/_pagination.html", takes_context=True)
def pagination(context: Context, page: Page[Any], target: str = "#results") -> dict[str, Any]:
    """Links to the pages around `page`, keeping every other parameter of the address."""
    links: list[dict[str, Any]] = []
    if page.has_previous():
        url = address(context, page=page.previous_page_number())
        links.append({"url": url, "icon": "chevron-left", "name": "Previous page"})
    elided = page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    for number in elided:
        if number == page.paginator.ELLIPSIS:
            links.append({"gap": True})
        elif number == page.number:
            links.append({"here": True, "label": number})
        else:
            url = address(context, page=number)
            links.append({"url": url, "label": number, "name": f"Page {number}"})
    if page.has_next():
        url = address(context, page=page.next_page_number())
        links.append({"url": url, "icon": "chevron-right", "name": "Next page"})
    return {"page": page, "links": links, "target": target}


@register.inclusion_tag("components/_sort_header.html", takes_context=True)
def sort_header(
    context: Context, label: str, key: str, target: str = "#results", number: bool = False
) -> dict[str, Any]:
    """A column head that sorts by `key`, and by `-key` when it is pressed again."""
    current = str(context.get("sort") or context["request"].GET.get("sort", ""))
    state = {key: "ascending", f"-{key}": "descending"}.get(current, "")
    shown = {"ascending": "arrow-up", "descending": "arrow-down", "": "arrows-sort"}[state]
    wanted = f"-{key}" if state == "ascending" else key
    url = address(context, sort=wanted, page=None)
    return {
        "label": label,
        "state": state,
        "icon": shown,
        "url": url,
        "target": target,
        "number": number,
    }


@register.simple_tag(takes_context=True)
def address(context: Context, **changes: Any) -> str:
    """This page's query string with some parameters set, or dropped when None."""
    query = context["request"].GET.copy()
    for name, value in changes.items():
        if value is None:
            query.pop(name, None)
        else:
            query[name] = str(value)
    return f"?{query.urlencode()}"


@register.inclusion_tag("components/_field.html")
def field(bound: BoundField, help: bool = True) -> dict[str, Any]:
    """One form field with its label, help and errors, tied together for assistive technology."""
    if not help:
        bound.help_text = ""
    widget = bound.field.widget
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return {"field": bound, "kind": "group", "widget": bound.as_widget()}
    if isinstance(widget, forms.CheckboxInput):
        drawn = bound.as_widget(attrs={"class": "form-check-input"})
        return {"field": bound, "kind": "check", "widget": drawn}
    kind = "form-select" if isinstance(widget, forms.Select) else "form-control"
    attrs = {"class": f"{kind} {widget.attrs.get('class', '')}".strip()}
    if widget.attrs.get("placeholder") == bound.label:  # says nothing that the label does not
        attrs["placeholder"] = ""
    return {"field": bound, "kind": "", "widget": bound.as_widget(attrs=attrs)}


@register.inclusion_tag("components/_fields.html")
def form_fields(form: forms.BaseForm) -> dict[str, forms.BaseForm]:
    """Every field of a form, after the errors that belong to none of them."""
    return {"form": form}


@register.inclusion_tag("components/_kv.html")
def kv(items: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Labels and values as a definition list; empty values say that they are not known."""
    pairs = items.items() if isinstance(items, Mapping) else items
    return {"items": list(pairs)}


@register.inclusion_tag("components/_chart.html")
def chart(
    id: str, figure: Mapping[str, Any], title: str, table: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """A Plotly figure (`data`, `layout`) with the same figures as a table (`columns`, `rows`)."""
    return {"id": id, "data_id": f"{id}-figure", "figure": figure, "title": title, "table": table}
