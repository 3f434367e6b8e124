"""The environment of the portal's processes, and the file that hands it to other commands."""

import os
import shlex

import psycopg

from portal.env import Env, EnvError, read_env
from portal.up import broker, database, keys, tracking
from portal.up.home import Home
from portal.up.options import Options
from portal.up.trouble import Trouble


def make(options: Options) -> dict[str, str]:
    """Every value that the portal reads; what the person has set wins over what is made here."""
    home = options.home
    values = {
        "SIGNET_HOME": str(home.root),
        "PORTAL_URL": f"http://localhost:{options.port}",
        **{name: value for name, value in keys.kept(home).items() if name not in ONLY_MLFLOW},
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    if options.own_database:
        values["DATABASE_URL"] = database.url(home, database.APPLICATION, "signet")
        values["DATABASE_OWNER_URL"] = database.url(home, database.OWNER, "signet")
    if options.own_broker:
        values["CELERY_BROKER_URL"] = broker.url(home)
    if options.own_mlflow:
        values["MLFLOW_TRACKING_URI"] = tracking.url(options.mlflow_port)
        values["MLFLOW_PUBLIC_URL"] = f"http://localhost:{options.mlflow_port}"
    passed = {name: os.environ[name] for name in PASSED if os.environ.get(name)}
    return values | passed


ONLY_MLFLOW = {"MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY"}
# A database of one's own comes with both of its addresses, or the owner's would point elsewhere.
PASSED = (
    "PORTAL_URL",
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "CELERY_BROKER_URL",
    "MLFLOW_TRACKING_URI",
    "MLFLOW_PUBLIC_URL",
    "MLFLOW_WEBHOOK_SECRET",
    "SECRET_KEY",
    "TOKEN_PEPPER",
    "SIGNET_DEMO_PASSWORD",
)


def write(home: Home, values: dict[str, str]) -> None:
    """Leave the values for `manage.py` in another terminal."""
    head = "# Written by `manage.py up` at each start; read by every other command.\n"
    keys.write_private(
        home.root / "env", head + "".join(f"{name}={value}\n" for name, value in values.items())
    )


def first_admin(home: Home) -> str:
    """What to type in another terminal so that somebody can sign in."""
    folder = f"SIGNET_HOME={shlex.quote(str(home.root))} " if os.environ.get("SIGNET_HOME") else ""
    return f"{folder}.venv/bin/python manage.py add_admin NAME (in another terminal)"


def check(values: dict[str, str]) -> Env:
    """The values as the portal will read them; Trouble for one it would refuse."""
    try:
        return read_env({**os.environ, **values})
    except EnvError as error:
        raise Trouble(str(error)) from None


def check_own_servers(options: Options, env: Env) -> None:
    """Trouble when a server of the person's own, named in the environment, does not answer."""
    if not options.own_database:
        try:
            psycopg.connect(env.database_url, connect_timeout=5).close()
        except psycopg.Error as error:
            raise Trouble(
                f"DATABASE_URL is set, but that database does not let us in: {error}\n"
                "Correct it, or unset it to use the embedded PostgreSQL."
            ) from None
    if not options.own_broker:
        _check_broker(env.broker_url)
    if not options.own_mlflow and not tracking.answers(env.mlflow_uri, seconds=5):
        raise Trouble(
            f"MLFLOW_TRACKING_URI is set to {env.mlflow_uri}, but no MLflow server answers there. "
            "Start it, correct the address, or unset it to use the embedded one."
        )


def _check_broker(address: str) -> None:
    from kombu import Connection
    from kombu.exceptions import OperationalError

    try:
        with Connection(address, connect_timeout=5) as connection:
            connection.ensure_connection(max_retries=1, timeout=5)
    except (OperationalError, OSError) as error:
        raise Trouble(
            f"CELERY_BROKER_URL is set, but that server does not answer: {error}\n"
            "Correct it, or unset it to use the embedded Valkey."
        ) from None
