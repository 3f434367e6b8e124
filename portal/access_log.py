"""The web server's access log without what opens something: queries and the keys in links."""

import re
from typing import Any

from gunicorn.glogging import Logger

_KEY = re.compile(r"(/accounts/password/reset/key/)[^/\s?]+")
_QUERY = re.compile(r"\?\S*")


class AccessLog(Logger):
    """gunicorn's own lines; a query becomes `?…`, the key of a password link `…`."""

    def atoms(self, resp: Any, req: Any, environ: dict[str, Any], request_time: Any) -> dict:
        """The parts of a line, cleaned."""
        parts = super().atoms(resp, req, environ, request_time)
        return {
            **parts,
            **{name: without_secrets(parts[name]) for name in ("r", "U", "f")},
            "q": "",
        }


def without_secrets(text: str) -> str:
    """An address as it may stand in a log."""
    return _KEY.sub(r"\1…", _QUERY.sub("?…", str(text)))
