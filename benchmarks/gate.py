"""How fast the gate answers, beside MLflow's own look-up of an alias in the same run.

    .venv/bin/python -m benchmarks.gate [--asks 200] [--seconds 10] [--clients 4] [--home FOLDER]

Both are asked over HTTP with connections kept open: the portal's real web server, which judges an
approval, signs and stores each answer; and a real MLflow server, which reads one alias.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

import httpx

from benchmarks.engines import engines, free_port

NAME = "bench-demand"
# The gate limits what one owner of tokens may ask in a minute, so many ask.
OWNERS = 60
Ask = Callable[[httpx.Client], None]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--asks", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--home", type=Path, default=Path(tempfile.gettempdir()) / "signet-bench")
    chosen = parser.parse_args()
    shutil.rmtree(chosen.home, ignore_errors=True)
    with engines(chosen.home.resolve()):
        from benchmarks.registry_scale import prepare

        prepare()
        register(os.environ["MLFLOW_TRACKING_URI"])
        tokens = approve()
        with web_server() as portal:
            rivals = {"MLflow alias": mlflow_ask(), "Signet gate": gate_ask(portal, tokens)}
            medians = latencies(rivals, chosen.asks)
            rates = throughputs(rivals, chosen.clients, chosen.seconds)
    one, two = rivals
    print(f"latency ratio       {medians[two] / medians[one]:8.2f} x MLflow's look-up of an alias")
    print(f"throughput ratio    {rates[two] / rates[one]:8.2f} x MLflow's look-up of an alias")


def register(uri: str) -> None:
    """One model with one version and the alias champion, in MLflow itself."""
    with httpx.Client(base_url=f"{uri}/api/2.0/mlflow/", timeout=60) as client:
        for path, body in (
            ("registered-models/create", {"name": NAME}),
            ("model-versions/create", {"name": NAME, "source": "s3://bench/model"}),
            ("registered-models/alias", {"name": NAME, "alias": "champion", "version": "1"}),
        ):
            client.post(path, json=body).raise_for_status()


def approve() -> list[str]:
    """The same version in the portal with a full set of signatures, and tokens that may ask."""
    from portal.accounts.permissions import Role
    from registry.inventory.models import RegisteredModel
    from tests.factories import make_user
    from tests.governance.factories import make_approved, make_candidate
    from tests.routes import make_token

    version = make_candidate("T1")
    wanted = {"name": NAME, "aliases": {"champion": version.version}}
    RegisteredModel.objects.filter(pk=version.model_id).update(**wanted)
    version.refresh_from_db()
    make_approved(version)
    return [make_token(make_user(Role.VIEWER), "gate:check")[1] for _ in range(OWNERS)]


@contextmanager
def web_server() -> Iterator[str]:
    """The portal's web server as `manage.py up` starts it."""
    from portal.up.portal_processes import WEB

    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "gunicorn", "portal.wsgi", "--bind", f"127.0.0.1:{port}"]
    log = Path(os.environ["SIGNET_HOME"]) / "logs" / "bench-web.log"
    with log.open("w") as out:
        process = subprocess.Popen([*command, *WEB], stdout=out, stderr=out)
        try:
            wait_for(f"{address}/healthz", process)
            yield address
        finally:
            process.terminate()
            process.wait(timeout=30)


def wait_for(url: str, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    """Return when the address answers."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url, timeout=5).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise TimeoutError(f"{url} did not answer.")


def mlflow_ask() -> Ask:
    """What mlflow's get_model_version_by_alias asks the server."""
    url = f"{os.environ['MLFLOW_TRACKING_URI']}/api/2.0/mlflow/registered-models/alias"

    def ask(client: httpx.Client) -> None:
        answer = client.get(url, params={"name": NAME, "alias": "champion"})
        if answer.json()["model_version"]["version"] != "1":
            raise ValueError(answer.text)

    return ask


def gate_ask(portal: str, tokens: list[str]) -> Ask:
    """The gate's question by the same alias; the answer must be an approval."""
    body = {"model": NAME, "alias": "champion", "environment": "production"}
    turns = cycle(tokens)

    def ask(client: httpx.Client) -> None:
        headers = {"Authorization": f"Bearer {next(turns)}"}
        answer = client.post(f"{portal}/api/v1/gate/", json=body, headers=headers)
        if answer.status_code != 200 or not answer.json()["approved"]:
            raise ValueError(answer.text)

    return ask


def latencies(rivals: dict[str, Ask], asks: int) -> dict[str, float]:
    """One after the other, in turns, so that both meet the same machine."""
    taken: dict[str, list[float]] = {name: [] for name in rivals}
    with httpx.Client(timeout=60) as client:
        for turn in range(asks + 20):
            for name, ask in rivals.items():
                begun = time.perf_counter()
                ask(client)
                if turn >= 20:  # the first ones open connections and fill caches
                    taken[name].append(time.perf_counter() - begun)
    for name, times in taken.items():
        p95 = statistics.quantiles(times, n=20)[-1]
        print(
            f"{name:20s}{statistics.median(times) * 1000:8.1f} ms median"
            f"  {p95 * 1000:8.1f} ms p95  ({len(times)} asks)"
        )
    return {name: statistics.median(times) for name, times in taken.items()}


def throughputs(rivals: dict[str, Ask], clients: int, seconds: float) -> dict[str, float]:
    """Answers a second with several clients at once, one rival after the other."""
    rates = {}
    for name, ask in rivals.items():
        done = [0] * clients
        until = time.monotonic() + seconds
        threads = [
            threading.Thread(target=keep_asking, args=(ask, until, done, number))
            for number in range(clients)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rates[name] = sum(done) / seconds
        print(f"{name:20s}{rates[name]:8.1f} answers/s with {clients} clients")
    return rates


def keep_asking(ask: Ask, until: float, done: list[int], number: int) -> None:
    """Ask until the time is over, and count."""
    with httpx.Client(timeout=60) as client:
        while time.monotonic() < until:
            ask(client)
            done[number] += 1


if __name__ == "__main__":
    main()
