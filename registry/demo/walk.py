"""Walking the demo's models through the portal, always through the services that people use."""

import tomllib
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone

from portal.accounts.actors import person
from portal.accounts.models import Team, User
from portal.actors import Actor, service
from portal.errors import Upstream
from registry.cards.answers import Answer, State
from registry.cards.models import CardRevision
from registry.cards.services import card_save
from registry.demo.recipes import CHALLENGERS, CHAMPIONS, RECIPES
from registry.demo.training import train
from registry.deployments.services import deployment_record
from registry.inventory.models import ModelVersion, RegisteredModel
from registry.inventory.services import model_assign, model_set_tier
from registry.sources.models import Source, SyncState
from registry.sources.services import source_ensure
from registry.sources.sync import source_scan

Tell = Callable[[str], None]
TIERS = {
    "coupon-redemption": (
        "T2",
        "Chooses whom Marketing reaches, from shopping data.",
    ),
    "basket-value": ("T3", "Sizes offers; a person sets the budget."),
    "grocery-demand-forecast": ("T2", "Moves stock worth thousands of dollars a day."),
    "produce-demand-forecast": ("T2", "Fresh food: a wrong forecast is thrown away."),
    "juice-brand-choice": ("T4", "An internal study of one shelf."),
    "store-sales-driver": ("T4", "Explains past sales; decides nothing."),
}
OWNED = [name for name in TIERS if name != "store-sales-driver"]
ENDPOINTS = {
    "coupon-redemption": ("coupon-mailing-list", "Ranks households before each campaign"),
    "grocery-demand-forecast": ("grocery-order-plan", "Feeds the nightly order plan"),
    "produce-demand-forecast": ("produce-order-plan", "Feeds the nightly order plan"),
    "basket-value": ("welcome-back-offers", "Sizes offers to returning households"),
}
SHADOW = "late-basket-upsell"


def demo_models() -> dict[str, RegisteredModel]:
    """The demo's registered models by name, as Signet has them."""
    names = {recipe.model for recipe in RECIPES}
    return {model.name: model for model in RegisteredModel.objects.filter(name__in=names)}


def missing_recipes(client: Any) -> list[int]:
    """Places in RECIPES of what MLflow does not hold yet, so that a second load trains nothing."""
    missing, wanted = [], {}
    for index, recipe in enumerate(RECIPES):
        wanted.setdefault(recipe.model, []).append(index)
    for name, places in wanted.items():
        if RECIPES[places[0]].register:
            known = len(client.search_model_versions(f"name = '{name}'"))
        else:
            experiment = client.get_experiment_by_name(RECIPES[places[0]].experiment)
            known = len(client.search_runs([experiment.experiment_id])) if experiment else 0
        missing += places[known:]
    return missing


def models_train(tell: Tell) -> None:
    """Train and log what MLflow does not hold yet, then point the aliases."""
    import mlflow

    client = mlflow.MlflowClient()
    todo = missing_recipes(client)
    for count, index in enumerate(todo, start=1):
        recipe = RECIPES[index]
        tell(f"training {count} of {len(todo)}: {recipe.model}")
        train(recipe)
    for alias, versions in (("champion", CHAMPIONS), ("challenger", CHALLENGERS)):
        for name, version in versions.items():
            client.set_registered_model_alias(name, alias, version)


def models_sync() -> Source:
    """Read MLflow into the inventory; Upstream when it could not be read."""
    actor = service("sync")
    source = source_ensure(actor=actor)
    run = source_scan(actor=actor, source_id=source.pk)
    if run.state == SyncState.FAILED:
        raise Upstream(run.error, permanent=False)
    return source


def models_assign() -> None:
    """The owner takes their models, and governance sets the tiers that are known."""
    owner, governance = demo_actor("owner"), demo_actor("governance")
    models = demo_models()
    RegisteredModel.objects.filter(pk__in=[model.pk for model in models.values()]).update(
        is_demo=True
    )
    for name, (tier, reason) in TIERS.items():
        if not models[name].risk_tier:
            model_set_tier(actor=governance, model_id=models[name].pk, tier=tier, reason=reason)
    for name in OWNED:
        if models[name].owner_id is None:
            model_assign(
                actor=owner,
                model_id=models[name].pk,
                owner_id=owner.user_id,
                team_id=models[name].team_id,
                reason="Named at hand-over",
            )


def cards_write() -> None:
    """What the scientists wrote on their cards; a card that has a revision stays as it is."""
    for card in card_texts():
        version = ModelVersion.objects.get(
            model__name=card["model"], model__is_demo=True, version=card["version"]
        )
        if CardRevision.objects.filter(version=version).exists():
            continue
        card_save(
            actor=demo_actor(card["author"]),
            version_id=version.pk,
            base_revision=0,
            changes=card_answers(card),
            note=card["note"],
        )


def card_texts() -> list[dict[str, Any]]:
    """The entries of cards.toml."""
    text = (Path(__file__).parent / "cards.toml").read_text(encoding="utf-8")
    return list(tomllib.loads(text)["card"])


def card_answers(card: Mapping[str, Any]) -> dict[str, Answer | None]:
    """The answers of one entry of cards.toml."""
    changes: dict[str, Answer | None] = {
        key: Answer(State.WRITTEN, value) for key, value in card["values"].items()
    }
    for key, reason in card.get("not_applicable", {}).items():
        changes[key] = Answer(State.NOT_APPLICABLE, reason=reason)
    for key in card.get("unknown", {}).get("fields", []):
        changes[key] = Answer(State.UNKNOWN)
    if "review_in_days" in card:
        day = timezone.localdate() + timedelta(days=card["review_in_days"])
        changes["expiry"] = Answer(State.WRITTEN, day.isoformat())
    return changes


def deployments_record() -> None:
    """What serves: the champions, and one model that nobody registered."""
    owner = demo_actor("owner")
    models = demo_models()
    for name, (endpoint, purpose) in ENDPOINTS.items():
        version = models[name].versions.get(version=CHAMPIONS[name])
        deployment_record(
            actor=owner,
            environment="production",
            name=endpoint,
            served_ref=f"models:/{name}/{version.version}",
            version_id=version.pk,
            purpose=purpose,
            is_demo=True,
        )
    deployment_record(
        actor=owner,
        environment="production",
        name=SHADOW,
        served_ref="s3://trials/late-basket-upsell/model.skops",
        team_id=Team.objects.get(name="Personalisation").pk,
        purpose="Upsell trigger left running after the spring trial",
        started_at=timezone.now() - timedelta(days=180),
        is_demo=True,
    )


def demo_actor(username: str) -> Actor:
    """One of the demo's people, acting with the roles they hold."""
    return person(User.objects.get(username=username, is_demo=True), request_id="load-demo")
