"""One write-back at MLflow: read, write what differs, read back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from portal.errors import Upstream
from registry.connectors.base import Connector, NotFound, RemoteVersion
from registry.connectors.mlflow_writing import OPERATION

COPY_NOTE = "Approved versions only; Signet alone writes here."


class Mismatch(Upstream):
    """What MLflow shows after the writing is not what was written."""

    def __init__(self, differing: str) -> None:
        super().__init__(
            f"MLflow took the change, but shows something else afterwards: {differing}. Somebody "
            "else writes there at the same time.",
            permanent=False,
            code="mismatch",
        )


@dataclass
class Outcome:
    """What was there before, what is there now, and where the alias had been, in our numbers."""

    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    alias_was: str = ""
    copied_to: str = ""

    def seen(self) -> dict[str, Any]:
        """The outcome as the row keeps it."""
        return {"before": self.before, "after": self.after, "copied_to": self.copied_to}


class Write:
    """The writing of one row; doing it twice has the effect of doing it once."""

    def __init__(
        self, connector: Connector, model: str, version: str, wanted: Mapping[str, Any], key: str
    ) -> None:
        self.connector, self.writing = connector, connector.writing
        self.model, self.version, self.wanted, self.key = model, version, wanted, key
        self.outcome = Outcome()

    def run(self) -> Outcome:
        """Do it; Mismatch when MLflow shows something else afterwards, Upstream when it fails."""
        source = self.connector.get_version(self.model, self.version)
        places = [source]
        if self.wanted.get("copy_to"):
            copy = self._copy(source, self.wanted["copy_to"])
            self.outcome.copied_to = f"{copy.model}/{copy.version}"
            places.append(copy)
        for place in places:
            self._tags(place)
        if self.wanted.get("alias"):
            self._alias(places[-1])
        self._read_back(places)
        return self.outcome

    def _copy(self, source: RemoteVersion, to_model: str) -> RemoteVersion:
        try:
            for page in self.connector.iter_versions(to_model):
                for known in page.items:
                    ours = known.tags.get(OPERATION) == self.key
                    if ours or known.source_uri == f"models:/{source.model}/{source.version}":
                        return known
        except NotFound:
            pass
        self.writing.ensure_model(to_model, COPY_NOTE)
        return self.writing.copy_version(source, to_model, self.key)

    def _tags(self, place: RemoteVersion) -> None:
        tags = self.wanted.get("tags") or {}
        self.outcome.before[f"{place.model}/{place.version}"] = _of(place, tags)
        for name, value in tags.items():
            if value is None and name in place.tags:
                self.writing.delete_tag(place.model, place.version, name)
            elif value is not None and place.tags.get(name) != value:
                self.writing.set_tag(place.model, place.version, name, value)

    def _alias(self, place: RemoteVersion) -> None:
        name, to = self.wanted["alias"]["name"], self.wanted["alias"]["to"]
        was = self.connector.get_model(place.model).aliases.get(name, "")
        self.outcome.before["alias"] = {name: was}
        self.outcome.alias_was = self._in_our_numbers(place.model, was)
        if to and was != place.version:
            self.writing.set_alias(place.model, name, place.version)
        elif not to and was:
            self.writing.delete_alias(place.model, name)

    def _in_our_numbers(self, model: str, version: str) -> str:
        """Which version of the model itself a version of its copy is; "copy:N" if none of it."""
        if model == self.model or not version:
            return version
        source_uri = self.connector.get_version(model, version).source_uri
        number = source_uri.removeprefix(f"models:/{self.model}/")
        return number if number != source_uri else f"{model}/{version}"

    def _read_back(self, places: list[RemoteVersion]) -> None:
        differing = []
        for place in places:
            now = self.connector.get_version(place.model, place.version)
            wanted = self.wanted.get("tags") or {}
            self.outcome.after[f"{place.model}/{place.version}"] = _of(now, wanted)
            differing += [
                f"tag {name}" for name, value in wanted.items() if now.tags.get(name) != value
            ]
        if self.wanted.get("alias"):
            name, to = self.wanted["alias"]["name"], self.wanted["alias"]["to"]
            now_at = self.connector.get_model(places[-1].model).aliases.get(name, "")
            self.outcome.after["alias"] = {name: now_at}
            if now_at != (places[-1].version if to else ""):
                differing.append(f"alias {name}")
        if differing:
            raise Mismatch(", ".join(differing))


def _of(version: RemoteVersion, names: Mapping[str, Any]) -> dict[str, Any]:
    return {name: version.tags.get(name) for name in names}
