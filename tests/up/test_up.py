"""`manage.py up` for real: starts, says what it did, and leaves nothing behind."""

import http.client
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.services import REPOSITORY, free_port
from tests.up.running import Up, ports, processes_of, running
from tests.waiting import wait_until

pytestmark = pytest.mark.xdist_group("up")


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """One state folder for all tests of this file, with a path short enough for its sockets."""
    folder = Path(tempfile.mkdtemp(prefix="up-"))
    yield folder / "s"
    shutil.rmtree(folder)


def status(port: str, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=10)
    connection.request("GET", path, headers={"Host": "localhost"})
    return connection.getresponse().status


def test_a_killed_run_is_cleaned_up_by_the_next_which_leaves_nothing(home: Path) -> None:
    chosen = ports()
    first = Up(home, **chosen)
    first.until_ready()
    assert status(chosen["PORT"], "/healthz") == 200
    first.tell(signal.SIGKILL)
    first.ended()
    assert processes_of(home)

    with running(home, **chosen) as second:
        second.until_ready()
        assert "An earlier run was killed" in second.text
        assert status(chosen["PORT"], "/readyz") == 200
        assert one_postgres(home)

        third = Up(home, **ports())
        assert third.ended() == 1
        assert "already running on the state folder" in third.text

        shell = [sys.executable, "manage.py", "check", "--database", "default"]
        environment = {"SIGNET_HOME": str(home), "PATH": "/usr/bin:/bin"}
        subprocess.run(shell, cwd=REPOSITORY, env=environment, check=True, capture_output=True)

        second.tell(signal.SIGTERM)
        assert second.ended() == 0
    wait_until(lambda: not processes_of(home), 5, f"no process of {home}")


def one_postgres(home: Path) -> bool:
    servers = [line for line in processes_of(home) if "bin/postgres" in line and "-D" in line]
    return len(servers) == 1


def test_a_process_that_dies_is_named_and_the_rest_is_stopped(home: Path) -> None:
    with running(home, **ports()) as up:
        up.until_ready()
        worker = next(line for line in processes_of(home) if "'worker'" in line)
        subprocess.run(["kill", "-9", worker.split()[0]], check=True)
        assert up.ended() == 1
    assert "was ended by signal 9" in up.text
    assert str(home / "logs") in up.text
    wait_until(lambda: not processes_of(home), 5, f"no process of {home}")


def refusal(home: Path, **chosen: str) -> str:
    up = Up(home, **{**ports(), **chosen})
    assert up.ended() == 1
    assert "Traceback" not in up.text
    return up.text


@pytest.mark.parametrize("name", ["PORT", "MLFLOW_PORT"])
def test_a_port_in_use_is_a_sentence(tmp_path: Path, name: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_port()))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert f"Port {port} is in use" in refusal(tmp_path / "s", **{name: port})


def test_a_port_that_is_taken_while_things_start_is_never_told_as_ready(tmp_path: Path) -> None:
    chosen = ports()
    up = Up(tmp_path / "s", **chosen)
    wait_until(lambda: "PostgreSQL" in up.text or up.process.poll() is not None, 60, "a database")
    with ThreadingHTTPServer(("127.0.0.1", int(chosen["PORT"])), AlwaysReady) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        assert up.ended(120) == 1
        other.shutdown()
    assert f"Port {chosen['PORT']} is in use" in up.text
    assert "Signet is ready" not in up.text


class AlwaysReady(BaseHTTPRequestHandler):
    """Another program on our port that answers like us."""

    def do_GET(self) -> None:
        """200 whatever is asked."""
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


def test_without_a_demo_the_first_admin_is_told(home: Path) -> None:
    with running(home, **ports()) as up:
        up.until_ready()
        wait_until(lambda: "Ctrl-C" in up.text, 5, "the whole block")
        assert f"SIGNET_HOME={home} .venv/bin/python manage.py add_admin NAME" in up.text


def test_a_malformed_port_is_a_sentence(tmp_path: Path) -> None:
    assert "PORT is 'eighty'; expected a whole number" in refusal(tmp_path / "s", PORT="eighty")


def test_a_state_folder_that_is_a_file_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("not a folder")
    assert "is a file. Move it away" in refusal(tmp_path / "s")


def test_a_state_folder_that_cannot_be_written_is_a_sentence() -> None:
    assert "cannot be written" in refusal_without_output(Path("/proc/signet"))


def refusal_without_output(home: Path) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", "up"],
        cwd=REPOSITORY,
        env={"SIGNET_HOME": str(home), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_database_of_another_version_is_a_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "s" / "postgres"
    folder.mkdir(parents=True)
    (folder / "PG_VERSION").write_text("13\n")
    assert "was made by PostgreSQL 13" in refusal(tmp_path / "s")


def test_a_broken_database_folder_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "s" / "postgres").mkdir(parents=True)
    assert "is not a PostgreSQL folder" in refusal(tmp_path / "s")


def test_damaged_secrets_are_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "s" / "secrets").mkdir(parents=True)
    (tmp_path / "s" / "secrets" / "keys.json").write_text("{")
    assert "cannot be read" in refusal(tmp_path / "s")


def test_a_server_of_ones_own_that_does_not_answer_is_a_sentence(tmp_path: Path) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    text = refusal(tmp_path / "s", MLFLOW_TRACKING_URI=address)
    assert f"MLFLOW_TRACKING_URI is set to {address}" in text
