"""Writing to the real MLflow server, by the REST calls that its client makes."""

import itertools
import uuid
from typing import Any

import httpx

API = "/api/2.0/mlflow"
COMMIT = "9f2c1e7a4b6d8f0011223344556677889900aabb"
MLMODEL = """\
flavors:
  python_function:
    loader_module: mlflow.sklearn
  sklearn:
    sklearn_version: 1.9.1
signature:
  inputs: '[{"type": "double", "name": "price", "required": true},
    {"type": "string", "name": "store", "required": false}]'
  outputs: '[{"type": "long", "required": true}]'
  params: '[{"name": "threshold", "type": "double", "default": 0.5, "shape": null}]'
"""
_numbers = itertools.count(1)


def unique(stem: str = "model") -> str:
    """A name that no other test uses on the shared server."""
    return f"{stem}-{next(_numbers)}-{uuid.uuid4().hex[:10]}"


class Writer:
    """What a data scientist's client does to MLflow."""

    def __init__(self, address: str) -> None:
        self.client = httpx.Client(base_url=address, timeout=30, trust_env=False)

    def call(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        answer = self.client.request(method, f"{API}/{path}", json=body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def model(self, name: str = "", **tags: str) -> str:
        name = name or unique()
        listed = [{"key": key, "value": value} for key, value in tags.items()]
        self.call("POST", "registered-models/create", name=name, tags=listed)
        return name

    def version(self, name: str, source: str = "s3://elsewhere/x", **fields: Any) -> str:
        made = self.call("POST", "model-versions/create", name=name, source=source, **fields)
        return str(made["model_version"]["version"])

    def tag_model(self, name: str, key: str, value: str) -> None:
        self.call("POST", "registered-models/set-tag", name=name, key=key, value=value)

    def tag_version(self, name: str, version: str, key: str, value: str) -> None:
        self.call(
            "POST", "model-versions/set-tag", name=name, version=version, key=key, value=value
        )

    def describe(self, name: str, text: str) -> None:
        self.call("PATCH", "registered-models/update", name=name, description=text)

    def alias(self, name: str, alias: str, version: str) -> None:
        self.call("POST", "registered-models/alias", name=name, alias=alias, version=version)

    def rename(self, name: str, new: str) -> None:
        self.call("POST", "registered-models/rename", name=name, new_name=new)

    def delete_model(self, name: str) -> None:
        self.call("DELETE", "registered-models/delete", name=name)

    def delete_version(self, name: str, version: str) -> None:
        self.call("DELETE", "model-versions/delete", name=name, version=version)

    def run(self) -> tuple[str, str]:
        """A finished run with params, metrics, tags and a data set; its id and its experiment's."""
        name = unique("experiment")
        experiment = self.call("POST", "experiments/create", name=name)["experiment_id"]
        made = self.call("POST", "runs/create", experiment_id=experiment, run_name="nightly")
        run_id = made["run"]["info"]["run_id"]
        tags = {"mlflow.user": "ada", "mlflow.source.git.commit": COMMIT}
        self.call(
            "POST",
            "runs/log-batch",
            run_id=run_id,
            params=[{"key": "max_depth", "value": "6"}],
            metrics=[
                {"key": "roc_auc", "value": 0.91, "timestamp": 1, "step": 0},
                {"key": "broken", "value": "NaN", "timestamp": 1, "step": 0},
            ],
            tags=[{"key": key, "value": value} for key, value in tags.items()],
        )
        data = {
            "name": "sales",
            "digest": "5f9cf632",
            "source_type": "s3",
            "source": '{"uri": "s3://bucket/sales.parquet"}',
            "schema": '{"mlflow_colspec": [{"type": "double", "name": "price"}]}',
            "profile": '{"num_rows": 20, "num_elements": 60}',
        }
        context = [{"key": "mlflow.data.context", "value": "training"}]
        self.call(
            "POST", "runs/log-inputs", run_id=run_id, datasets=[{"dataset": data, "tags": context}]
        )
        return run_id, experiment

    def logged_model(self, text: str = MLMODEL) -> tuple[str, str]:
        """A logged model with its MLmodel file; its id and its run's."""
        run_id, experiment = self.run()
        made = self.call(
            "POST",
            "logged-models",
            experiment_id=experiment,
            name="model",
            source_run_id=run_id,
        )["model"]["info"]
        folder = made["artifact_uri"].removeprefix("mlflow-artifacts:/")
        path = f"/api/2.0/mlflow-artifacts/artifacts/{folder}/MLmodel"
        self.client.put(path, content=text.encode()).raise_for_status()
        logged_id = made["model_id"]
        finished = {"model_id": logged_id, "status": "LOGGED_MODEL_READY"}
        self.call("PATCH", f"logged-models/{logged_id}", **finished)
        return made["model_id"], run_id

    def full_version(self, name: str, text: str = MLMODEL) -> str:
        """A version of a logged model with a run behind it."""
        logged_id, run_id = self.logged_model(text)
        return self.version(name, source=f"models:/{logged_id}", run_id=run_id, model_id=logged_id)
