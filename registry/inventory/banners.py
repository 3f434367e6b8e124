"""What stands above a page whose facts may be out of date."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils import timezone

from registry.sources.models import Source
from registry.sources.queries import stale_banner


@dataclass(frozen=True)
class Banner:
    """One line above a page, with the place to look closer."""

    text: str
    url: str
    level: str = "warning"
    action: str = "See the source"


def stale_banners() -> list[Banner]:
    """One banner for each source that fails or lags behind."""
    return [Banner(_text(source), reverse("source_list")) for source in stale_banner()]


def _text(source: Source) -> str:
    if source.failing_since:
        problem = f"{source.name} has not answered since {_moment(source.failing_since)}."
    else:
        problem = f"{source.name} has not been read completely for a while."
    if source.last_complete_at is None:
        return f"{problem} Nothing from it can be shown yet; Signet keeps trying."
    return (
        f"{problem} What you see is as of {_moment(source.last_complete_at)}; Signet keeps trying."
    )


def _moment(value: datetime) -> str:
    return timezone.localtime(value).strftime("%-d %b %Y, %H:%M %Z")
