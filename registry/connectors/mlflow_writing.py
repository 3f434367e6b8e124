"""Writing to MLflow: tags and aliases of versions, and copies under another name.

MLflow has no compare-and-set: who calls these reads before and after.
"""

from registry.connectors import mlflow_answers as answers
from registry.connectors import untrusted
from registry.connectors.base import BadAnswer, NotFound, RemoteVersion
from registry.connectors.http import Http

API = "/api/2.0/mlflow"
# Which operation made a copy: looked up before a copy is made, so that none is made twice.
OPERATION = "signet.op"


class MlflowWriting:
    """The calls that change something; each may be repeated without a further effect."""

    def __init__(self, http: Http) -> None:
        self.http = http

    def set_tag(self, model: str, version: str, key: str, value: str) -> None:
        """Give a version's tag a value."""
        body = {"name": model, "version": version, "key": key, "value": value}
        self.http.json("POST", f"{API}/model-versions/set-tag", body=body)

    def delete_tag(self, model: str, version: str, key: str) -> None:
        """Take a tag off a version; one that is not there is no error."""
        body = {"name": model, "version": version, "key": key}
        self.http.json("DELETE", f"{API}/model-versions/delete-tag", body=body)

    def set_alias(self, model: str, alias: str, version: str) -> None:
        """Point an alias of a model at a version."""
        body = {"name": model, "alias": alias, "version": version}
        self.http.json("POST", f"{API}/registered-models/alias", body=body)

    def delete_alias(self, model: str, alias: str) -> None:
        """Remove an alias; one that is not there is no error."""
        body = {"name": model, "alias": alias}
        self.http.json("DELETE", f"{API}/registered-models/alias", body=body)

    def ensure_model(self, name: str, description: str) -> None:
        """Make a registered model unless there is one of this name."""
        try:
            self.http.json("GET", f"{API}/registered-models/get", params={"name": name})
        except NotFound:
            try:
                body = {"name": name, "description": description}
                self.http.json("POST", f"{API}/registered-models/create", body=body)
            except BadAnswer as refused:
                # Somebody may have made it in between; if not, this says what MLflow says.
                try:
                    self.http.json("GET", f"{API}/registered-models/get", params={"name": name})
                except NotFound:
                    raise refused from None

    def copy_version(self, source: RemoteVersion, to_model: str, operation: str) -> RemoteVersion:
        """A version of `to_model` with the same artifact, as MLflow's own copying makes it."""
        body = {
            "name": to_model,
            "source": f"models:/{source.model}/{source.version}",
            "run_id": source.run_id,
            "description": source.description,
            "tags": [{"key": OPERATION, "value": operation}],
        }
        made = self.http.json("POST", f"{API}/model-versions/create", body=body)
        return answers.version(untrusted.mapping(made.get("model_version")))
