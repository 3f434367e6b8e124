"""The files of a version, listed and read through MLflow's own artifact service."""

from collections.abc import Callable, Iterator
from urllib.parse import quote

from registry.connectors import untrusted
from registry.connectors.base import BadAnswer, NotFound, RemoteFile
from registry.connectors.http import Http

API = "/api/2.0/mlflow-artifacts/artifacts"
PATH, DEEPEST = 1_000, 20
GONE = "The model's files no longer exist in MLflow."


class MlflowArtifact:
    """The files below one folder of MLflow's artifact service."""

    def __init__(self, http: Http, folder: str) -> None:
        self.http = http
        self.folder = folder

    def files(self) -> Iterator[RemoteFile]:
        """Every file, folder by folder; NotFound when there is none."""
        found = False
        for file in self._below("", 0):
            found = True
            yield file
        if not found:
            raise NotFound(GONE)

    def _below(self, inner: str, depth: int) -> Iterator[RemoteFile]:
        if depth > DEEPEST:
            raise BadAnswer(f"The model's folders are more than {DEEPEST} deep.")
        place = f"{self.folder}/{inner}" if inner else self.folder
        answer = self.http.json("GET", API, params={"path": place})
        for item in untrusted.objects(answer.get("files")):
            path = _joined(inner, item.get("path"))
            if item.get("is_dir") is True:
                yield from self._below(path, depth + 1)
            else:
                size = untrusted.number(item.get("file_size"))
                yield RemoteFile(path, None if size is None else int(size))

    def read(self, file: RemoteFile, sink: Callable[[bytes], object], *, limit: int) -> int:
        """Hand a file's bytes to `sink` part by part; how many there were."""
        address = f"{API}/{quote(f'{self.folder}/{file.path}')}"
        return self.http.read_into(address, sink, limit=limit)


def _joined(inner: str, name: object) -> str:
    """The path inside the artifact of what a listing names; BadAnswer for one that leaves it."""
    if not untrusted.storable(name, PATH):
        raise BadAnswer("A file of the model has a name that Signet cannot keep.")
    steps = str(name).split("/")
    if any(step in ("", ".", "..") for step in steps) or "\\" in str(name):
        raise BadAnswer(f"A file of the model is called {untrusted.text(name, 80)!r}.")
    path = f"{inner}/{name}" if inner else str(name)
    if len(path) > PATH:
        raise BadAnswer("A file of the model has a path that is too long to keep.")
    return path
