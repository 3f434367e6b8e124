"""What every page shows around its content."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def shell(request: HttpRequest) -> dict[str, Any]:
    """The portal's version and name for the base template."""
    return {"signet_version": settings.VERSION}
