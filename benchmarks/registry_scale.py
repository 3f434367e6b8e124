"""How the registry behaves with many models: sync beside MLflow's own listing, and the inventory.

    .venv/bin/python -m benchmarks.registry_scale [--models 10000] [--versions 5] [--home FOLDER]

Fills the database of a real MLflow server, then syncs over its real API.
"""

import argparse
import logging
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.engines import engines
from benchmarks.fill_mlflow import change, fill

REPEATS = 15


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=int, default=10_000)
    parser.add_argument("--versions", type=int, default=5)
    parser.add_argument("--home", type=Path, default=Path(tempfile.gettempdir()) / "signet-bench")
    chosen = parser.parse_args()
    shutil.rmtree(chosen.home, ignore_errors=True)
    with engines(chosen.home.resolve()) as home:
        prepare()
        from portal.up import database

        address = database.url(home, "postgres", "mlflow")
        fill(address, home.root / "artifacts", models=chosen.models, versions=chosen.versions)
        measure_sync(address, chosen.models * chosen.versions)
        measure_pages()


def prepare() -> None:
    """Django with its tables made."""
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", database="owner", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds that `work` takes, and its result."""
    begun = time.perf_counter()
    result = work()
    return time.perf_counter() - begun, result


def measure_sync(address: str, versions: int) -> None:
    """A first, an unchanged and some changed scans, beside MLflow's listing in the same run."""
    from portal.actors import service
    from registry.inventory.models import DetailState, ModelVersion
    from registry.sources.services import source_ensure
    from registry.sources.sync import source_scan

    actor = service("sync")
    source = source_ensure(actor=actor)

    def scan() -> Any:
        return source_scan(actor=actor, source_id=source.pk)

    first, run = timed(scan)
    while ModelVersion.objects.filter(detail_state=DetailState.PENDING).exists():
        more, _ = timed(scan)
        first += more
    print(f"first sync          {first:8.1f} s  {versions / first:8.0f} versions/s  {run.state}")
    listing = statistics.median(timed(list_all)[0] for _ in range(3))
    print(f"MLflow's own listing{listing:8.1f} s  {versions / listing:8.0f} versions/s")
    same = statistics.median(timed(scan)[0] for _ in range(3))
    print(f"unchanged sync      {same:8.1f} s  {same / listing:8.2f} x the listing")
    for count in (10, 100, 1000, 5000):
        count = min(count, versions)
        change(address, count)
        seconds, run = timed(scan)
        extra = max(seconds - same, 0)
        print(
            f"{count:5d} changed       {seconds:8.1f} s  {run.changed:5d} found"
            f"  {extra / max(run.changed, 1) * 1000:6.1f} ms a change above the unchanged sync"
        )


def list_all() -> int:
    """Everything that a full scan has to read, asked of MLflow's API page by page and decoded."""
    import httpx
    from django.conf import settings

    seen = 0
    with httpx.Client(base_url=settings.MLFLOW_URI, timeout=120) as client:
        for path, key, size in (
            ("registered-models", "registered_models", 1000),
            ("model-versions", "model_versions", 10_000),
        ):
            token = ""
            while True:
                query = {"max_results": size, **({"page_token": token} if token else {})}
                answer = client.get(f"/api/2.0/mlflow/{path}/search", params=query).json()
                seen += len(answer.get(key, []))
                token = answer.get("next_page_token", "")
                if not token:
                    break
    return seen


def measure_pages() -> None:
    """Pages of the inventory: queries, and server time beside `/healthz` in the same run."""
    from django.conf import settings
    from django.test import Client

    from portal.accounts.models import RoleGrant, User

    logging.getLogger("axes").setLevel(logging.WARNING)
    settings.ALLOWED_HOSTS.append("testserver")
    user, _ = User.objects.get_or_create(username="bench-reader")
    RoleGrant.objects.get_or_create(user=user, role="viewer")
    client = Client()
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[-1])
    floor = page_time(client, "/healthz")
    print(f"{'/healthz':44s} {floor * 1000:8.1f} ms")
    for path in (
        "/models/",
        "/models/?task=regression&lifecycle=registered",
        "/models/?q=bench-0042",
        "/models/?q=nothing-like-this",
        "/models/?sort=-versions&page=150",
        "/models/42/",
    ):
        client.get(path)
        queries, answer = counted(client, path)
        seconds = page_time(client, path)
        print(
            f"{path:44s} {seconds * 1000:8.1f} ms  {queries:3d} queries"
            f"  HTTP {answer.status_code}  {len(answer.content) // 1024} KB"
        )


def counted(client: Any, path: str) -> tuple[int, Any]:
    """How many statements one request sends to the database, and its answer."""
    from django.db import connection

    statements: list[str] = []

    def count(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        statements.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(count):
        answer = client.get(path)
    return len(statements), answer


def page_time(client: Any, path: str) -> float:
    """Median seconds of one request."""
    return statistics.median(timed(lambda: client.get(path))[0] for _ in range(REPEATS))


if __name__ == "__main__":
    main()
