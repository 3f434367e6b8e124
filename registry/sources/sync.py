"""One pass over a source: read everything, write what differs, then read details of what is new."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice

from django.utils import timezone

from portal.actors import Actor
from portal.errors import Conflict, Upstream
from portal.locks import held
from registry.connectors.base import (
    BadAnswer,
    Connector,
    NotFound,
    RemoteModel,
    RemoteVersion,
    VersionRef,
)
from registry.inventory.models import DetailState, ModelVersion, RegisteredModel
from registry.sources.connect import connector_of
from registry.sources.missing import missing_settle
from registry.sources.models import Source, SyncKind, SyncRun, SyncState
from registry.sources.services import STOPPED, run_finish, run_start
from registry.sources.signals import source_synced
from registry.sources.writing import LOCK_SPACE, details_write, models_write, versions_write

Progress = Callable[[int, int, str], None]
# A large page costs MLflow less, a small transaction keeps nobody else waiting.
WRITTEN_AT_ONCE = 1_000
DETAIL_BATCH = 100
DETAIL_SECONDS = 240.0
MOST_LATECOMERS = 100


def source_scan(
    *, actor: Actor, source_id: int, progress: Progress = lambda done, total, text: None
) -> SyncRun:
    """Do a full scan now and return its record; Conflict when one is under way.

    A source that cannot be read is no exception: the record says failed, and why.
    """
    source = Source.objects.get(pk=source_id)
    with only_scan_of(source):
        connector = connector_of(source)
        try:
            scan = Scan(actor, run_start(actor=actor, source=source), connector, progress)
            return scan.whole()
        finally:
            connector.close()


@contextmanager
def only_scan_of(source: Source) -> Iterator[None]:
    """Hold the source's scan lock; the database lets go of it when this process dies."""
    busy = Conflict(f"{source} is being synced already. Wait until that is over.")
    with held(LOCK_SPACE + 1, source.pk, busy):
        yield


class Scan:
    """One pass and what it has come to so far."""

    def __init__(
        self, actor: Actor, run: SyncRun, connector: Connector, progress: Progress
    ) -> None:
        self.actor = actor
        self.run = run
        self.source = run.source
        self.connector = connector
        self.progress = progress
        self.owners: dict[str, RegisteredModel] = {}
        self.seen_models: set[int] = set()
        self.seen_versions: set[int] = set()
        self.trouble: list[str] = []

    def whole(self) -> SyncRun:
        """The full scan, its clearing up and the details, recorded whatever comes."""
        complete = False
        try:
            self.read_all()
            complete = True
            self.details()
        except Upstream as problem:
            self.trouble.insert(0, problem.message)
        except BaseException:
            self.trouble.insert(0, STOPPED)
            self.finish(complete, stopped=True)
            raise
        self.finish(complete)
        if complete:
            source_synced.send_robust(Source, source=self.source, run=self.run, model_ids=None)
        return self.run

    def read_all(self) -> None:
        """Every model, every version, then what is missing among the known."""
        since = self.source.last_complete_at
        self.source.server_version = self.connector.probe().server_version
        started = timezone.now()
        for page in self._pages(self.connector.iter_models()):
            self.models(page, started)
        for page in self._pages(self.connector.iter_versions()):
            self.versions(page, started)
        gone, trouble = missing_settle(
            actor=self.actor,
            source=self.source,
            connector=self.connector,
            seen_models=self.seen_models,
            seen_versions=self.seen_versions,
            since=since,
        )
        self.run.gone += gone
        self._failed(trouble)

    def models(self, page: list[RemoteModel], read_at: datetime) -> None:
        """Write a page of models and remember whose versions belong where."""
        written = models_write(actor=self.actor, source=self.source, page=page, read_at=read_at)
        for remote in page:
            self.owners[remote.name] = RegisteredModel(
                pk=written.ids[remote.name], name=remote.name, aliases=dict(remote.aliases)
            )
        self.seen_models |= set(written.ids.values())
        self.run.models_seen = len(self.seen_models)
        self._count(written.added, written.changed)

    def versions(self, page: list[RemoteVersion], read_at: datetime) -> None:
        """Write a page of versions; models made since their own listing are fetched first."""
        self._fetch_latecomers({remote.model for remote in page} - self.owners.keys(), read_at)
        written = versions_write(
            actor=self.actor, source=self.source, page=page, owners=self.owners, read_at=read_at
        )
        self.seen_versions |= set(written.ids.values())
        self.run.versions_seen = len(self.seen_versions)
        self._count(written.added, written.changed)

    def details(self, wanted: set[int] | None = None) -> None:
        """Read the details of waiting versions, until none waits or the time for it is over."""
        waiting = ModelVersion.objects.filter(
            model__source=self.source, detail_state=DetailState.PENDING, gone_at=None
        )
        if wanted is not None:
            waiting = waiting.filter(model_id__in=wanted)
        # Newest first: those are the versions that people look for.
        ids = iter(list(waiting.order_by("-created_at", "-pk").values_list("pk", flat=True)))
        total, done, until = waiting.count(), 0, time.monotonic() + DETAIL_SECONDS
        while time.monotonic() < until and (batch := list(islice(ids, DETAIL_BATCH))):
            self._detail_batch(batch)
            done += len(batch)
            self._show(done, total, f"Details of {done:,} of {total:,} versions")

    def finish(self, complete: bool, *, stopped: bool = False) -> None:
        """Close the record and set when the next scan is due."""
        left = ModelVersion.objects.filter(
            model__source=self.source, detail_state=DetailState.PENDING, gone_at=None
        )
        run_finish(
            actor=self.actor,
            run=self.run,
            complete=complete,
            stopped=stopped,
            requests=self.connector.requests,
            trouble=self.trouble,
            unfinished=left.filter(detail_error="").exists(),
        )

    def _pages(self, pages: Iterator) -> Iterator[list]:
        for page in pages:
            self._failed(page.skipped)
            for start in range(0, len(page.items), WRITTEN_AT_ONCE):
                yield list(page.items[start : start + WRITTEN_AT_ONCE])

    def _fetch_latecomers(self, names: set[str], read_at: datetime) -> None:
        found = []
        for name in sorted(names)[:MOST_LATECOMERS]:
            try:
                found.append(self.connector.get_model(name))
            except (NotFound, BadAnswer):
                continue
        if found:
            self.models(found, read_at)

    def _detail_batch(self, ids: list[int]) -> None:
        rows = list(ModelVersion.objects.filter(pk__in=ids).select_related("model"))
        refs = [VersionRef(v.model.name, v.version, v.source_uri, v.run_id) for v in rows]
        answers = self.connector.details(refs)
        found = {row.pk: answer for row, answer in zip(rows, answers, strict=True)}
        failed = details_write(actor=self.actor, source=self.source, found=found)
        if failed:
            self.run.failed += failed
            first = next(a for a in answers if isinstance(a, Upstream))
            self.trouble.append(f"Details of {failed} versions could not be read. {first.message}")
        if failed == len(rows) and not first.permanent:
            raise first

    def _failed(self, why: list[str] | tuple[str, ...]) -> None:
        self.run.failed += len(why)
        self.trouble.extend(why[:5])

    def _count(self, added: int, changed: int) -> None:
        self.run.added += added
        self.run.changed += changed
        seen = f"{self.run.models_seen:,} models and {self.run.versions_seen:,} versions read"
        self._show(self.run.models_seen + self.run.versions_seen, 0, seen)

    def _show(self, done: int, total: int, text: str) -> None:
        self.run.requests = self.connector.requests
        if self.run.pk:
            self.run.save(update_fields=RUN_COUNTS)
        self.progress(done, total, text)


RUN_COUNTS = ["requests", "models_seen", "versions_seen", "added", "changed", "failed", "gone"]


def model_reread(*, actor: Actor, source_id: int, name: str) -> SyncRun | None:
    """Read one model, its versions and their details again, after a change notice.

    None when the source is known to be away: the next full scan finds what changed.
    """
    source = Source.objects.get(pk=source_id)
    if source.failing_since and source.next_full_at and source.next_full_at > timezone.now():
        return None
    connector = connector_of(source)
    run = SyncRun(source=source, kind=SyncKind.HINT, asked_by="MLflow", started_at=timezone.now())
    scan = Scan(actor, run, connector, lambda done, total, text: None)
    try:
        read_at = timezone.now()
        scan.models([connector.get_model(name)], read_at)
        for page in scan._pages(connector.iter_versions(name)):
            scan.versions(page, read_at)
        scan.details(scan.seen_models)
    except NotFound:
        return run  # Gone or renamed since, or a trial: whether it is gone, full scans decide.
    except Upstream as problem:
        scan.trouble.append(problem.message)
    finally:
        connector.close()
    run.requests = connector.requests
    run.finished_at = timezone.now()
    run.state = SyncState.PARTIAL if scan.trouble else SyncState.COMPLETE
    run.error = " ".join(scan.trouble)[:500]
    run.save()
    source_synced.send_robust(Source, source=source, run=run, model_ids=scan.seen_models)
    return run
