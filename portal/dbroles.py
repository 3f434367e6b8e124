"""What the application's database role may do: everything to its own rows, nothing to the trail's."""

from typing import Any

from django.conf import settings
from django.db import connections
from psycopg import sql

TRAIL_TABLES = ("trail_event", "trail_anchor")


def grant_runtime(*, using: str = "default", **_: Any) -> None:
    """Give the runtime role its rights after a migration, and take the trail's away again.

    Does nothing where the role that migrates is the runtime role: it owns the tables then, and
    the system check `trail.E001` says so.
    """
    connection = connections[using]
    role = settings.RUNTIME_ROLE
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        if cursor.fetchone()[0] == role:
            return
        app = sql.Identifier(role)
        for statement in (
            "GRANT USAGE ON SCHEMA public TO {app}",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {app}",
            "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {app}",
        ):
            cursor.execute(sql.SQL(statement).format(app=app))
        existing = set(connection.introspection.table_names(cursor))
        for table in TRAIL_TABLES:
            if table in existing:
                cursor.execute(
                    sql.SQL("REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {app}").format(
                        table=sql.Identifier(table), app=app
                    )
                )
