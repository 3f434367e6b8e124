"""The one place that reads the environment; everything else reads `portal.settings`."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

ROOT = Path(__file__).resolve().parent.parent


class EnvError(Exception):
    """A setting is missing or malformed; the message names it and says what was expected."""


@dataclass(frozen=True)
class Oidc:
    """One OpenID Connect provider for single sign-on."""

    name: str
    server_url: str
    client_id: str
    client_secret: str

    @property
    def origin(self) -> str:
        """Scheme, host and port of the provider, where the sign-in form is sent on to."""
        parts = urlsplit(self.server_url)
        return f"{parts.scheme}://{parts.netloc}"


@dataclass(frozen=True)
class Env:
    """Everything that Signet takes from its surroundings."""

    home: Path
    debug: bool
    secret_key: str
    secret_key_fallbacks: list[str]
    token_pepper: str
    database_url: str
    database_owner_url: str
    broker_url: str
    mlflow_uri: str
    mlflow_public_url: str
    mlflow_username: str
    mlflow_password: str
    mlflow_token: str
    mlflow_webhook_url: str
    webhook_secret: str
    portal_url: str
    allowed_hosts: list[str]
    trail_key_file: Path
    gate_key_file: Path
    anchor_dir: Path
    anchor_mail: list[str]
    trusted_proxies: int
    mail_url: str
    mail_from: str
    oidc: Oidc | None


class Reader:
    """Reads `os.environ` over the file that `manage.py up` leaves in the state folder."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values

    def text(self, name: str, default: str | None = None, *, expected: str = "a value") -> str:
        """The value of `name` or of the file that `name_FILE` points at; EnvError if missing."""
        file = self.values.get(f"{name}_FILE", "")
        if file:
            try:
                return Path(file).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise EnvError(
                    f"{name}_FILE points at {file}, which cannot be read: {error.strerror}."
                ) from None
        value = self.values.get(name, "")
        if value:
            return value
        if default is None:
            raise EnvError(
                f"{name} is not set; expected {expected}. "
                "Set it, or start everything on this machine with `make run`."
            )
        return default

    def flag(self, name: str, default: bool) -> bool:
        """A true/false value; EnvError for anything else."""
        value = self.values.get(name, "").lower()
        if value in ("1", "true", "yes", "on"):
            return True
        if value in ("0", "false", "no", "off"):
            return False
        if value:
            raise EnvError(f"{name} is {value!r}; expected true or false.")
        return default

    def number(self, name: str, default: int, *, low: int, high: int) -> int:
        """A whole number between `low` and `high`; EnvError for anything else."""
        value = self.values.get(name, "")
        if not value:
            return default
        if not re.fullmatch(r"\d{1,9}", value) or not low <= int(value) <= high:
            raise EnvError(f"{name} is {value!r}; expected a whole number from {low} to {high}.")
        return int(value)

    def url(self, name: str, default: str | None, schemes: tuple[str, ...]) -> str:
        """A URL with one of `schemes`; EnvError for anything else."""
        wanted = " or ".join(f"{scheme}://…" for scheme in schemes)
        value = self.text(name, default, expected=f"a URL such as {wanted}")
        if value and urlsplit(value).scheme not in schemes:
            raise EnvError(f"{name} is {value!r}; expected {wanted}.")
        return value

    def listed(self, name: str, default: list[str]) -> list[str]:
        """Comma-separated values."""
        value = self.values.get(name, "")
        return [part.strip() for part in value.split(",") if part.strip()] or default


def state_home(values: Mapping[str, str] = os.environ) -> Path:
    """The state folder: SIGNET_HOME, or `.signet` beside manage.py."""
    return Path(values.get("SIGNET_HOME") or ROOT / ".signet").expanduser().resolve()


def left_by_up(home: Path) -> dict[str, str]:
    """The values that `manage.py up` wrote for other commands on this machine."""
    try:
        lines = (home / "env").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value for name, value in pairs}


def read_env(values: Mapping[str, str] = os.environ) -> Env:
    """Read and check every setting once; raises EnvError with one sentence."""
    home = state_home(values)
    reader = Reader({**left_by_up(home), **values})
    portal_url = reader.url("PORTAL_URL", "http://localhost:8000", ("http", "https")).rstrip("/")
    database_url = reader.url("DATABASE_URL", None, ("postgresql", "postgres"))
    mlflow_uri = reader.url("MLFLOW_TRACKING_URI", None, ("http", "https")).rstrip("/")
    secret_key = reader.text("SECRET_KEY", expected="at least 50 random characters")
    pepper = reader.text("TOKEN_PEPPER", expected="at least 50 random characters")
    for name, value in (("SECRET_KEY", secret_key), ("TOKEN_PEPPER", pepper)):
        if len(value) < 50:
            raise EnvError(f"{name} has {len(value)} characters; expected at least 50 random ones.")
    host = urlsplit(portal_url).hostname or "localhost"
    hook = f"{portal_url}/hooks/mlflow/"
    return Env(
        home=home,
        debug=reader.flag("DEBUG", False),
        secret_key=secret_key,
        secret_key_fallbacks=reader.listed("SECRET_KEY_FALLBACKS", []),
        token_pepper=pepper,
        database_url=database_url,
        database_owner_url=reader.url(
            "DATABASE_OWNER_URL", database_url, ("postgresql", "postgres")
        ),
        broker_url=reader.url("CELERY_BROKER_URL", None, ("redis", "rediss", "redis+socket")),
        mlflow_uri=mlflow_uri,
        mlflow_public_url=reader.url("MLFLOW_PUBLIC_URL", mlflow_uri, ("http", "https")),
        mlflow_username=reader.text("MLFLOW_TRACKING_USERNAME", ""),
        mlflow_password=reader.text("MLFLOW_TRACKING_PASSWORD", ""),
        mlflow_token=reader.text("MLFLOW_TRACKING_TOKEN", ""),
        mlflow_webhook_url=reader.url("MLFLOW_WEBHOOK_URL", hook, ("http", "https")),
        webhook_secret=reader.text("MLFLOW_WEBHOOK_SECRET", ""),
        portal_url=portal_url,
        allowed_hosts=reader.listed("ALLOWED_HOSTS", [host, "localhost", "127.0.0.1"]),
        trail_key_file=Path(reader.text("TRAIL_KEY_FILE", str(home / "secrets" / "trail.pem"))),
        gate_key_file=Path(reader.text("GATE_KEY_FILE", str(home / "secrets" / "gate.pem"))),
        anchor_dir=Path(reader.text("TRAIL_ANCHOR_DIR", str(home / "anchors"))),
        anchor_mail=read_anchor_mail(reader),
        trusted_proxies=reader.number("TRUSTED_PROXIES", 0, low=0, high=5),
        mail_url=reader.url("EMAIL_URL", "", ("smtp", "smtps")),
        mail_from=reader.text("EMAIL_FROM", f"signet@{host}"),
        oidc=read_oidc(reader),
    )


def read_anchor_mail(reader: Reader) -> list[str]:
    """The mailboxes that keep the trail's anchors; EnvError when no mail can be sent."""
    boxes = reader.listed("TRAIL_ANCHOR_MAIL", [])
    if boxes and not reader.text("EMAIL_URL", ""):
        raise EnvError("TRAIL_ANCHOR_MAIL is set but EMAIL_URL is not; expected smtp://server.")
    return boxes


def read_oidc(reader: Reader) -> Oidc | None:
    """The single sign-on provider, or None when OIDC_SERVER_URL is not set."""
    server_url = reader.url("OIDC_SERVER_URL", "", ("https", "http"))
    if not server_url:
        return None
    return Oidc(
        name=reader.text("OIDC_NAME", "Single sign-on"),
        server_url=server_url,
        client_id=reader.text(
            "OIDC_CLIENT_ID", expected="the client id, as OIDC_SERVER_URL is set"
        ),
        client_secret=reader.text(
            "OIDC_CLIENT_SECRET", expected="the client secret, as OIDC_SERVER_URL is set"
        ),
    )


def mail_settings(url: str) -> dict[str, str | int | bool]:
    """Django's mail settings for an smtp:// or smtps:// URL; console-free and local when empty."""
    if not url:
        return {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
    parts = urlsplit(url)
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname or "localhost",
        "EMAIL_PORT": parts.port or (465 if parts.scheme == "smtps" else 25),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
    }


def database_settings(url: str) -> dict[str, object]:
    """Django's DATABASES entry for a postgresql:// URL; `?host=` may name a socket folder."""
    parts = urlsplit(url)
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    name = unquote(parts.path.lstrip("/"))
    if not name:
        raise EnvError("DATABASE_URL names no database; expected postgresql://user@host/database.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", parts.hostname or ""),
        "PORT": query.pop("port", str(parts.port or "")),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": query,
    }
