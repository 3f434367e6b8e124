"""The names in the icon sprite."""

from functools import cache

from django.conf import settings


@cache
def icon_names() -> frozenset[str]:
    """Every icon that `{% icon %}` can draw."""
    path = settings.BASE_DIR / "static" / "vendor" / "icons" / "names.txt"
    return frozenset(path.read_text(encoding="utf-8").split())
