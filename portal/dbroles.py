"""What the application's database role may do: all to its own rows, nothing to the trail's."""

from typing import Any

from django.conf import settings
from django.db import connections
from psycopg import sql

# What the application may do to the tables of the trail; triggers refuse the rest to everybody.
TRAIL_RIGHTS = {
    "trail_event": ("SELECT", "INSERT"),
    "trail_anchor": ("SELECT", "INSERT"),
    "trail_head": ("SELECT", "UPDATE"),
}
TRAIL_TABLES = tuple(TRAIL_RIGHTS)

_RIGHTS = """
SELECT c.relname, pg_get_userbyid(c.relowner),
       pg_has_role(current_user, c.relowner, 'MEMBER'),
       array_remove(ARRAY[
           CASE WHEN has_table_privilege(c.oid, 'UPDATE') THEN 'UPDATE' END,
           CASE WHEN has_table_privilege(c.oid, 'DELETE') THEN 'DELETE' END,
           CASE WHEN has_table_privilege(c.oid, 'TRUNCATE') THEN 'TRUNCATE' END,
           CASE WHEN has_table_privilege(c.oid, 'TRIGGER') THEN 'TRIGGER' END], NULL)
FROM pg_class c WHERE c.oid = ANY (SELECT to_regclass(name) FROM unnest(%s::text[]) AS name)
ORDER BY 1
"""


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
        for table in existing.intersection(TRAIL_RIGHTS):
            names = {"table": sql.Identifier(table), "app": app}
            rights = sql.SQL(", ").join(map(sql.SQL, TRAIL_RIGHTS[table]))
            cursor.execute(sql.SQL("REVOKE ALL ON {table} FROM {app}").format(**names))
            cursor.execute(
                sql.SQL("GRANT {rights} ON {table} TO {app}").format(rights=rights, **names)
            )


def runtime_can(*, using: str = "default") -> list[str]:
    """What the role of this connection could do to the trail and should not; a sentence each."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user")
        role, superuser = cursor.fetchone()
        if superuser:
            return [f"The application's database role {role} is a superuser."]
        cursor.execute(_RIGHTS, [list(TRAIL_RIGHTS)])
        rows = cursor.fetchall()
    found = []
    for table, owner, owns, rights in rows:
        excess = [right for right in rights if right not in TRAIL_RIGHTS[table]]
        if owns:
            found.append(
                f"The application's database role {role} owns {table}, or may act as its owner "
                f"{owner}, and so may switch its triggers off."
            )
        elif excess:
            found.append(
                f"The application's database role {role} has {', '.join(excess)} on {table}."
            )
    return found
