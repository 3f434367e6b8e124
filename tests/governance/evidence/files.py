"""Putting files beside a logged model on the real MLflow server, as a pipeline does."""

import pickle
from urllib.parse import quote

from tests.registry.writer import MLMODEL, Writer


class Bomb:
    """What runs a program when it is unpickled."""

    def __reduce__(self):
        import os

        return os.system, ("touch /tmp/signet-was-here",)


BOMB = pickle.dumps(Bomb())


def put(writer: Writer, folder: str, path: str, content: bytes) -> None:
    """Write one file below a logged model's folder."""
    address = f"/api/2.0/mlflow-artifacts/artifacts/{folder}/{quote(path)}"
    writer.client.put(address, content=content).raise_for_status()


def logged_version(writer: Writer, name: str, files: dict[str, bytes]) -> tuple[str, str, str]:
    """A registered version with these files beside MLmodel: its number, its source, the folder."""
    logged_id, run_id = writer.logged_model(MLMODEL)
    info = writer.call("GET", f"logged-models/{logged_id}")["model"]["info"]
    folder = info["artifact_uri"].removeprefix("mlflow-artifacts:/")
    for path, content in files.items():
        put(writer, folder, path, content)
    source = f"models:/{logged_id}"
    number = writer.version(name, source=source, run_id=run_id, model_id=logged_id)
    return number, source, folder
