"""What writing on a card costs: queries, and server time beside the model's page in the same run.

    .venv/bin/python -m benchmarks.card_save [--models 2000] [--home FOLDER]

Every request goes through the whole of Django (middleware, session, templates) on a real
PostgreSQL; MLflow holds nothing, since no card asks it. A ratio is the time of a request over the
time of `/models/<id>/`, a page without any write, measured in turn with it.
"""

import argparse
import html
import shutil
import statistics
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.engines import engines
from benchmarks.registry_scale import prepare, timed

ROUNDS = 25
REVISIONS = 20


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=int, default=2_000)
    parser.add_argument("--home", type=Path, default=Path(tempfile.gettempdir()) / "signet-bench")
    chosen = parser.parse_args()
    shutil.rmtree(chosen.home, ignore_errors=True)
    with engines(chosen.home.resolve()):
        prepare()
        Bench(chosen.models).run()


class Bench:
    """A portal with that many models, one of which has a card with a history."""

    def __init__(self, models: int) -> None:
        from django.conf import settings
        from django.test import Client

        settings.ALLOWED_HOSTS.append("testserver")
        self.fill(models)
        self.client = Client()
        self.client.force_login(self.user, backend=settings.AUTHENTICATION_BACKENDS[-1])
        self.turn = 0

    def fill(self, count: int) -> None:
        """The rows: a team, its member, the models with one version each, and one written card."""
        from django.utils import timezone

        from portal.accounts.actors import person
        from portal.accounts.models import BusinessUnit, RoleGrant, Team, User
        from registry.inventory.lifecycle import refresh_models
        from registry.inventory.models import DetailState, ModelVersion, RegisteredModel
        from registry.sources.models import Source

        unit = BusinessUnit.objects.create(name="Bench", slug="bench")
        team = Team.objects.create(name="Bench", slug="bench", business_unit=unit)
        self.user = User.objects.create(username="bench")
        RoleGrant.objects.create(user=self.user, role="model_owner", team=team)
        self.actor = person(self.user, request_id="bench")
        then = timezone.now() - timedelta(days=30)
        seen = {"created_at": then, "remote_updated_at": then, "last_seen_at": then,
                "fingerprint": "0" * 64}  # fmt: skip
        source = Source.objects.create(
            kind="mlflow", name="Bench", base_url="http://127.0.0.1:9", last_complete_at=then
        )
        models = RegisteredModel.objects.bulk_create(
            RegisteredModel(
                source=source, name=f"bench-{n:05}", team=team, risk_tier="T2",
                owner=self.user, **seen,
            )
            for n in range(count)
        )  # fmt: skip
        params = {f"param_{n}": str(n) for n in range(40)}
        metrics = {f"metric_{n}": n / 7 for n in range(20)}
        ModelVersion.objects.bulk_create(
            ModelVersion(
                model=model, version="1", ordinal=1, run_id="f" * 32, params=params,
                metrics=metrics, detail_state=DetailState.COMPLETE, **seen,
            )
            for model in models
        )  # fmt: skip
        refresh_models(model.pk for model in models)
        self.models = models
        self.version = models[0].versions.get()
        self.base = f"/models/{models[0].pk}/"
        self.card = f"{self.base}versions/1/card/"
        for _ in range(REVISIONS):
            self.save_by_service()

    def text(self) -> str:
        """Something that was not said before, as long as a usual answer."""
        self.turn = getattr(self, "turn", 0) + 1
        return f"Answer {self.turn}. " + "It forecasts the sales of every shop for two weeks. " * 8

    def number(self) -> int:
        """The newest revision."""
        from registry.cards.queries import latest_revision

        revision = latest_revision(self.version)
        return revision.number if revision else 0

    def save_by_service(self) -> None:
        """One field, without a request around it."""
        from registry.cards.answers import Answer, State
        from registry.cards.services import card_save

        card_save(
            actor=self.actor,
            version_id=self.version.pk,
            base_revision=self.number(),
            changes={"overview": Answer(State.WRITTEN, self.text())},
        )

    def field_by_api(self, prepared: Any) -> Any:
        """One field through the API, with the tag that a reader would have."""
        return self.client.patch(
            f"/api/v1{self.card}fields/overview/",
            {"value": self.text()},
            content_type="application/json",
            headers={"If-Match": prepared},
        )

    def tag(self) -> str:
        """The field's entity tag now."""
        return str(self.client.get(f"/api/v1{self.card}fields/overview/")["ETag"])

    def autosave(self, prepared: str) -> Any:
        """One field as the editor keeps it while somebody types."""
        body = {
            "base-overview": prepared,
            "state-overview": "written",
            "value-overview": self.text(),
            "window": "bench",
            "seq": str(self.turn),
        }
        return self.client.post(f"{self.card}drafts/overview/", body)

    def bulk(self, prepared: Any) -> Any:
        """Contact of fifty cards at once."""
        body = {"set_contact": "on", "contact": f"rota-{self.turn}@example", "save": "1"}
        self.turn += 1
        return self.client.post("/cards/change/", {"seen": prepared, **body})

    def chosen(self) -> str:
        """Fifty cards as the page of changing them knows them."""
        ids = [model.pk for model in self.models[1:51]]
        page = self.client.get("/cards/change/", {"model": ids}).content.decode()
        return html.unescape(page.partition('name="seen" value="')[2].partition('"')[0])

    def run(self) -> None:
        """Print a line for each thing that is measured."""
        get = self.client.get
        page = lambda _: get(self.base)  # noqa: E731 - the yardstick, as short as it can be said
        self.measure("the model's page (the yardstick)", page, None)
        self.measure("the card's read view", lambda _: get(self.card), None)
        self.measure("the editor, one section", lambda _: get(f"{self.card}edit/"), None)
        self.measure("card_save of one field, no request", lambda _: self.save_by_service(), None)
        self.measure("API, PATCH of one field", self.field_by_api, self.tag)
        self.measure("autosave of one field", self.autosave, lambda: self.tag().strip('"'))
        self.measure("the list of cards, first page", lambda _: get("/cards/"), None)
        self.measure("the list, narrowed by a gap", lambda _: get("/cards/?gap=overview"), None)
        self.measure("50 cards changed at once", self.bulk, self.chosen, rounds=3)

    def measure(
        self,
        name: str,
        work: Callable[[Any], Any],
        prepare: Callable[[], Any] | None,
        rounds: int = ROUNDS,
    ) -> None:
        """Queries of one call, its median time, and the ratio to the yardstick in turn with it."""
        from django.db import connection

        statements: list[str] = []

        def count(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
            statements.append(sql)
            return execute(sql, *rest)

        work(prepare() if prepare else None)
        given = prepare() if prepare else None
        with connection.execute_wrapper(count):
            answer = work(given)
        times, yard = [], []
        for _ in range(rounds):
            yard.append(timed(lambda: self.client.get(self.base))[0])
            given = prepare() if prepare else None
            times.append(timed(lambda given=given: work(given))[0])
        median, ratio = statistics.median(times), statistics.median(times) / statistics.median(yard)
        status = getattr(answer, "status_code", "ok")
        print(
            f"{name:36s} {median * 1000:8.1f} ms  {ratio:6.2f} x the model's page"
            f"  {len(statements):4d} queries  {status}",
            flush=True,
        )


if __name__ == "__main__":
    main()
