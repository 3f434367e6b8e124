"""Plain builders for tests: every argument has a sensible default."""

import itertools
from datetime import UTC, datetime
from typing import Any

from portal.accounts.actors import person
from portal.accounts.models import BusinessUnit, RoleGrant, Team, User
from portal.accounts.permissions import Role
from portal.actors import Actor
from registry.deployments.models import Deployment, Environment
from registry.inventory.models import DetailState, ModelVersion, RegisteredModel
from registry.sources.models import Source

_numbers = itertools.count(1)
THEN = datetime(2026, 9, 1, 9, 0, tzinfo=UTC)
PASSWORD = "correct horse battery staple"


def make_unit(name: str = "") -> BusinessUnit:
    number = next(_numbers)
    return BusinessUnit.objects.create(name=name or f"Unit {number}", slug=f"unit-{number}")


def make_team(name: str = "", *, unit: BusinessUnit | None = None) -> Team:
    number = next(_numbers)
    return Team.objects.create(
        name=name or f"Team {number}", slug=f"team-{number}", business_unit=unit or make_unit()
    )


def make_user(
    role: Role | None = Role.VIEWER,
    *,
    team: Team | None = None,
    unit: BusinessUnit | None = None,
    username: str = "",
    password: str | None = None,
    **fields: Any,
) -> User:
    user = User(username=username or f"user{next(_numbers)}", **fields)
    if password:
        user.set_password(password)
    else:
        user.set_unusable_password()
    user.save()
    if role:
        RoleGrant.objects.create(user=user, role=role, team=team, business_unit=unit)
    return user


def make_actor(role: Role | None = Role.VIEWER, **fields: Any) -> Actor:
    return person(make_user(role, **fields), request_id="test-request")


def make_source(name: str = "", **fields: Any) -> Source:
    return Source.objects.create(
        **{
            "kind": "mlflow",
            "name": name or f"MLflow {next(_numbers)}",
            "base_url": "http://127.0.0.1:5000",
            "public_url": "http://127.0.0.1:5000",
            **fields,
        }
    )


def make_model(name: str = "", *, source: Source | None = None, **fields: Any) -> RegisteredModel:
    return RegisteredModel.objects.create(
        **{
            "source": source or Source.objects.first() or make_source(),
            "name": name or f"model-{next(_numbers)}",
            "created_at": THEN,
            "remote_updated_at": THEN,
            "last_seen_at": THEN,
            "fingerprint": "0" * 64,
            **fields,
        }
    )


def make_version(
    model: RegisteredModel | None = None, version: str = "", **fields: Any
) -> ModelVersion:
    model = model or make_model()
    number = version or str(model.versions.count() + 1)
    return ModelVersion.objects.create(
        **{
            "model": model,
            "version": number,
            "ordinal": int(number),
            "created_at": THEN,
            "remote_updated_at": THEN,
            "last_seen_at": THEN,
            "fingerprint": "0" * 64,
            "detail_state": DetailState.COMPLETE,
            "run_id": f"run{next(_numbers)}",
            "metrics": {"roc_auc": 0.91},
            "params": {"max_depth": "6"},
            **fields,
        }
    )


def make_deployment(version: ModelVersion | None = None, **fields: Any) -> Deployment:
    return Deployment.objects.create(
        **{
            "version": version,
            "environment": Environment.PRODUCTION,
            "name": f"endpoint-{next(_numbers)}",
            "served_ref": "models:/x/1",
            "team": version.model.team if version else None,
            "started_at": THEN,
            **fields,
        }
    )
