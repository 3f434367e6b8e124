"""A version with the facts that a sync leaves behind for a model logged with lineage."""

from typing import Any

from portal.accounts.permissions import Role
from portal.actors import Actor
from registry.cards.answers import Answer, State
from registry.inventory.models import ModelVersion, RegisteredModel
from tests.factories import make_actor, make_model, make_team, make_version

COLUMNS = [
    {"name": "price", "type": "double", "required": True},
    {"name": "shop", "type": "string", "required": False},
]


def make_owned_model(name: str = "", **fields: Any) -> RegisteredModel:
    return make_model(name, team=make_team(), **fields)


def make_full_version(model: RegisteredModel | None = None, **fields: Any) -> ModelVersion:
    return make_version(
        model or make_owned_model(),
        **{
            "run_id": "3fa2c1d4e5f60718",
            "git_commit": "4f1c9ad2b6c0",
            "source_uri": "models:/m-0123456789abcdef",
            "params": {"estimator": "GradientBoostingRegressor", "max_depth": "6", "seed": "42"},
            "metrics": {"mae": 12.345678, "r2": 0.91},
            "signature": {"inputs": COLUMNS, "outputs": [{"name": "units", "type": "double"}]},
            "datasets": [
                {"name": "sales", "context": "training", "digest": "9f31", "rows": 1204.0,
                 "source": '{"uri": "s3://lake/sales"}'},
                {"name": "sales_held", "context": "evaluation", "digest": "77ab", "rows": None,
                 "source": "plain place"},
            ],
            "flavors": ["python_function", "sklearn"],
            "run_tags": {"mlflow.source.name": "train.py"},
            **fields,
        },
    )  # fmt: skip


def scientist_of(version: ModelVersion) -> Actor:
    return make_actor(Role.DATA_SCIENTIST, team=version.model.team)


def written(value: Any) -> Answer:
    return Answer(State.WRITTEN, value)


UNKNOWN = Answer(State.UNKNOWN)


def not_applicable(reason: str) -> Answer:
    return Answer(State.NOT_APPLICABLE, reason=reason)
