"""The demo's gate answers: what pipelines were told about what serves and what challenges."""

from collections.abc import Iterable

from governance.gate.models import GateDecision
from governance.gate.services import gate_ask
from portal.actors import Actor
from registry.inventory.models import ModelVersion

COMMIT = "4f1c9ad2b6c0"
PIPELINE = "https://ci.example.com/releases/"


def answers_ask(actor: Actor, versions: Iterable[ModelVersion]) -> None:
    """Ask about each version in both environments, once."""
    for version in versions:
        if GateDecision.objects.filter(version=version).exists():
            continue
        for environment in ("staging", "production"):
            gate_ask(
                actor=actor,
                model=version.model.name,
                version=version.version,
                source=version.model.source.name,
                environment=environment,
                commit=COMMIT,
                pipeline_url=f"{PIPELINE}{version.pk}",
            )
