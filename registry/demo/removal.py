"""Taking the demo away: from MLflow first, then from Signet; the trail keeps what happened."""

from typing import Any

from django.db import transaction

from portal.accounts.models import BusinessUnit, Team, User
from portal.accounts.permissions import require
from portal.actors import Actor
from portal.trail.services import Entry, record_all
from registry.cards.attachments.models import CardAttachment
from registry.cards.comments.models import CardComment
from registry.cards.models import CardRevision
from registry.demo.parts import parts_clear
from registry.demo.recipes import RECIPES
from registry.deployments.models import Deployment
from registry.inventory.models import ModelVersion, RegisteredModel


def mlflow_clear() -> int:
    """Delete the demo's registered models and experiments in MLflow; returns how many models."""
    import mlflow

    client = mlflow.MlflowClient()
    removed = 0
    for name in {recipe.model for recipe in RECIPES}:
        found = client.search_registered_models(f"name = '{name}'")
        if found and found[0].tags.get("demo") == "true":
            client.delete_registered_model(name)
            removed += 1
    for name in {recipe.experiment for recipe in RECIPES}:
        experiment = client.get_experiment_by_name(name)
        if experiment and experiment.lifecycle_stage == "active":
            client.delete_experiment(experiment.experiment_id)
    return removed


def demo_remove(*, actor: Actor) -> dict[str, int]:
    """Delete the demo's rows in one transaction; what real models still use stays."""
    with transaction.atomic():
        require(actor, "people.manage")
        models = list(RegisteredModel.objects.select_for_update().filter(is_demo=True))
        people = list(User.objects.select_for_update().filter(is_demo=True))
        entries = [Entry("demo.remove", row, before=facts(row)) for row in [*models, *people]]
        cleared = parts_clear(models)
        counts = {
            **cleared,
            "deployments": Deployment.objects.filter(is_demo=True).delete()[0],
            "card comments": CardComment.objects.filter(version__model__in=models).delete()[0],
            "card files": CardAttachment.objects.filter(version__model__in=models).delete()[0],
            "card revisions": CardRevision.objects.filter(version__model__in=models).delete()[0],
            "model versions": ModelVersion.objects.filter(model__in=models).delete()[0],
            "models": RegisteredModel.objects.filter(pk__in=[row.pk for row in models]).delete()[0],
            "people": len(people),
        }
        User.objects.filter(pk__in=[row.pk for row in people]).delete()
        Team.objects.filter(is_demo=True, models=None, deployments=None, grants=None).delete()
        BusinessUnit.objects.filter(is_demo=True, teams=None, grants=None).delete()
        record_all(actor, entries)
    return counts


def facts(row: RegisteredModel | User) -> dict[str, Any]:
    """What the trail keeps of a removed row."""
    if isinstance(row, User):
        return {"username": row.username, "name": str(row)}
    return {"name": row.name, "risk_tier": row.risk_tier, "versions": row.version_count}
