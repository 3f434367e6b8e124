"""Finding a model's version by the name that people use."""

from dataclasses import dataclass

from signet.client import Client
from signet.errors import NoAnswer, Refused


@dataclass(frozen=True)
class Version:
    """A version in the portal: its model's name and number there, and its own."""

    model: str
    model_id: int
    version: str

    def __str__(self) -> str:
        return f"{self.model}/{self.version}"

    @property
    def path(self) -> str:
        """Where the API has it."""
        return f"models/{self.model_id}/versions/{self.version}/"


def parted(name: str) -> tuple[str, str]:
    """Model and version of `MODEL/VERSION`; the model's own name may hold slashes."""
    model, slash, version = name.rpartition("/")
    if not (slash and model and version.isascii() and version.isdigit()):
        raise NoAnswer(f"{name!r} names no version. Write MODEL/VERSION, such as store-demand/3.")
    return model, version


def find_version(client: Client, name: str, *, source: str = "") -> Version:
    """The version that `MODEL/VERSION` names; `source` chooses among models of the same name."""
    model, version = parted(name)
    found = client.get("models/", params={"name": model}).json()["results"]
    if source:
        found = [item for item in found if item["source"] == source]
    if not found:
        where = f" in the source {source!r}" if source else ""
        raise _missing(f"There is no model {model!r}{where}, or you may not see it.")
    if len(found) > 1:
        names = ", ".join(sorted(item["source"] for item in found))
        raise _missing(f"Several sources have a model {model!r}: {names}. Add --source NAME.")
    return Version(model, int(found[0]["id"]), version)


def _missing(text: str) -> Refused:
    return Refused(text, status=404, problem={"status": 404, "detail": text})
