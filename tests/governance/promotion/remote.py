"""What MLflow holds, asked by its own REST calls, and models that stand in both places."""

from typing import Any

from governance.writeback.models import WriteBack
from portal.actors import service
from portal.jobs.models import Job, JobState
from portal.jobs.runner import run_job
from registry.inventory.models import ModelVersion, RegisteredModel
from registry.sources.models import Source
from registry.sources.sync import model_reread
from tests.registry.writer import Writer, unique


def remote_version(writer: Writer, name: str, version: str) -> dict[str, Any]:
    path = "/api/2.0/mlflow/model-versions/get"
    answer = writer.client.get(path, params={"name": name, "version": version})
    return answer.raise_for_status().json()["model_version"]


def remote_tags(writer: Writer, name: str, version: str) -> dict[str, str]:
    found = remote_version(writer, name, version)
    return {tag["key"]: tag["value"] for tag in found.get("tags", [])}


def remote_aliases(writer: Writer, name: str) -> dict[str, str]:
    path = "/api/2.0/mlflow/registered-models/get"
    found = writer.client.get(path, params={"name": name}).raise_for_status().json()
    aliases = found["registered_model"].get("aliases", [])
    return {one["alias"]: str(one["version"]) for one in aliases}


def both(
    writer: Writer, source: Source, versions: int = 1, **fields: Any
) -> tuple[RegisteredModel, list[ModelVersion]]:
    """A model with versions, in MLflow and in the inventory as a sync reads it."""
    name = writer.model(unique("promoted"))
    for _ in range(versions):
        writer.version(name)
    model_reread(actor=service("sync"), source_id=source.pk, name=name)
    Job.objects.filter(kind="governance.bypasses").delete()
    RegisteredModel.objects.filter(name=name).update(**{"risk_tier": "T4", **fields})
    model = RegisteredModel.objects.get(name=name)
    return model, list(model.versions.select_related("model__source").order_by("ordinal"))


def job_of(row: WriteBack) -> Job:
    return Job.objects.get(kind="governance.writeback", key=f"writeback:{row.pk}")


def run(job: Job) -> Job:
    """Do a job here, as a worker would, and return it as it stands then."""
    assert run_job(job.pk)
    job.refresh_from_db()
    return job


def delivered(row: WriteBack) -> WriteBack:
    job = run(job_of(row))
    assert job.state == JobState.DONE, job.error
    row.refresh_from_db()
    return row
