"""The one client of MLflow: plain REST, so that nothing imports MLflow or shares credentials."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from portal.errors import Upstream
from registry.connectors import mlflow_answers as answers
from registry.connectors import mlflow_events as events
from registry.connectors import untrusted
from registry.connectors.base import (
    BadAnswer,
    Capabilities,
    Hint,
    Item,
    Page,
    ProbeReport,
    RemoteModel,
    RemoteVersion,
    Subscription,
    TooLarge,
    VersionDetail,
    VersionRef,
)
from registry.connectors.http import Http
from registry.connectors.mlflow_artifacts import MlflowArtifact
from registry.connectors.mlflow_details import Details
from registry.connectors.mlflow_writing import MlflowWriting

API = "/api/2.0/mlflow"
CAPABILITIES = Capabilities(
    verification="real",
    cursor_sees_tags=False,
    aliases_on_versions=False,
    events=True,
    model_page=1000,
    version_page=2000,
)
SMALLEST_PAGE = 20


class MlflowConnector:
    """An MLflow tracking server with its model registry, 3.x."""

    capabilities = CAPABILITIES

    def __init__(
        self,
        base_url: str,
        *,
        username: str = "",
        password: str = "",
        token: str = "",
        secret: str = "",
    ) -> None:
        auth = (username, password) if username else None
        self.http = Http("MLflow", base_url, auth=auth, token=token)
        self.secret = secret
        self.writing = MlflowWriting(self.http)
        self._details = Details(self.http, self.get_version)

    @property
    def requests(self) -> int:
        """How many requests were sent so far."""
        return self.http.requests

    def close(self) -> None:
        """Let go of connections."""
        self.http.close()

    def probe(self) -> ProbeReport:
        """The server's version; raises Upstream when something else answers, or nothing."""
        said = self.http.raw("GET", "/version").decode("utf-8", "replace").strip()
        if not said[:1].isdigit() or len(said) > 40:
            raise BadAnswer(
                f"What answers at {self.http.address} does not give MLflow's version. "
                "Check MLFLOW_TRACKING_URI."
            )
        return ProbeReport(server_version=untrusted.text(said, 40))

    def iter_models(self) -> Iterator[Page[RemoteModel]]:
        """Every registered model with its tags and aliases, by name."""
        return self._pages(
            "registered-models",
            {"order_by": "name ASC"},
            CAPABILITIES.model_page,
            answers.model,
        )

    def iter_versions(self, model: str | None = None) -> Iterator[Page[RemoteVersion]]:
        """Every version, or those of one model, by model."""
        wanted = {"order_by": "name ASC"}
        if model is not None:
            wanted["filter"] = f"name={_quoted(model)}"
        return self._pages("model-versions", wanted, CAPABILITIES.version_page, answers.version)

    def get_model(self, name: str) -> RemoteModel:
        """One model as it is now; raises NotFound or Forbidden."""
        found = self.http.json("GET", f"{API}/registered-models/get", params={"name": name})
        return answers.model(untrusted.mapping(found.get("registered_model")))

    def get_version(self, model: str, version: str) -> RemoteVersion:
        """One version as it is now; raises NotFound or Forbidden."""
        wanted = {"name": model, "version": version}
        found = self.http.json("GET", f"{API}/model-versions/get", params=wanted)
        return answers.version(untrusted.mapping(found.get("model_version")))

    def details(self, wanted: Sequence[VersionRef]) -> list[VersionDetail | Upstream]:
        """The details of each wanted version, in the same order, or why they could not be read."""
        return self._details.read(wanted)

    def artifact(self, wanted: VersionRef) -> MlflowArtifact:
        """The files of a version, where MLflow itself serves them."""
        return MlflowArtifact(self.http, self._details.served_folder(wanted))

    def parse_event(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Hint:
        """The hint in a webhook delivery; raises BadSignature or BadEvent."""
        return events.parse(headers, body, now, self.secret)

    def subscribe(self, url: str) -> Subscription:
        """Have MLflow send its six registry events to `url`, and try whether one arrives."""
        return events.subscribe(self.http, url, self.secret)

    def unsubscribe(self, url: str) -> None:
        """Remove every webhook of ours that points at `url`."""
        events.unsubscribe(self.http, url)

    def _pages(
        self,
        what: str,
        wanted: Mapping[str, str],
        size: int,
        read: Callable[[Mapping[str, Any]], Item],
    ) -> Iterator[Page[Item]]:
        """Follow tokens to the end; smaller pages where one is too large, an error at a repeat."""
        token, seen, last = "", {""}, ""
        while True:
            params = {**wanted, "max_results": size, **({"page_token": token} if token else {})}
            try:
                found = self.http.json("GET", f"{API}/{what}/search", params=params)
            except TooLarge:
                if size <= SMALLEST_PAGE:
                    raise
                size = max(size // 4, SMALLEST_PAGE)
                continue
            page = answers.page(found, what.replace("-", "_"), read)
            if page.items and repr(page.items) == last:
                raise BadAnswer(
                    f"MLflow sent the same page of {what} twice; the listing was abandoned."
                )
            last = repr(page.items)
            yield page
            token = answers.next_token(found)
            if not token:
                return
            if token in seen:
                raise BadAnswer(f"MLflow pointed back to a page of {what} already read.")
            seen.add(token)


def _quoted(name: str) -> str:
    """A name as MLflow's filter language takes it; it has no escape for a quote inside quotes."""
    if "'" not in name:
        return f"'{name}'"
    if '"' not in name:
        return f'"{name}"'
    raise BadAnswer("MLflow cannot be asked for a model with both kinds of quotes in its name.")
