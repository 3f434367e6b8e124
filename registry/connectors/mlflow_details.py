"""What made a version: its run, its logged model and the MLmodel file, read in batches."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlsplit

from portal.errors import Upstream
from registry.connectors import mlmodel, untrusted
from registry.connectors.base import (
    BadAnswer,
    NotFound,
    RemoteVersion,
    VersionDetail,
    VersionRef,
)
from registry.connectors.http import MEGABYTE, Http

API = "/api/2.0/mlflow"
THREADS = 4
MOST_EXPERIMENTS = 1_000
LARGEST_MLMODEL = MEGABYTE // 4
MOST_COPIES = 3
LOGGED = re.compile(r"models:/(m-[0-9a-f]{1,64})(?:/.*)?")
COPIED = re.compile(r"models:/([^/]+)/(\d{1,18})")
OF_RUN = re.compile(r"runs:/([0-9a-zA-Z]{1,64})/(.+)")
NOT_SERVED = (
    "The signature was not read: Signet reads only files that MLflow itself serves "
    "(mlflow-artifacts:), and this one is elsewhere."
)
ELSEWHERE = (
    "The files cannot be read: Signet reads only files that MLflow itself serves "
    "(mlflow-artifacts:), and these are elsewhere. Start MLflow with --serve-artifacts, and "
    "register a version whose files it keeps."
)
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Origin:
    """Where a version's artifact is, after following copies."""

    run_id: str = ""
    logged_id: str = ""
    uri: str = ""


class Details:
    """Reads details; remembers the experiments' names for the length of one sync."""

    def __init__(self, http: Http, get_version: Callable[[str, str], RemoteVersion]) -> None:
        self.http = http
        self.get_version = get_version
        self._names: dict[str, str] = {}
        self._listed: list[str] | None = None

    def read(self, wanted: Sequence[VersionRef]) -> list[VersionDetail | Upstream]:
        """One answer for each wanted version, in order; trouble with one spares the others."""
        with ThreadPoolExecutor(THREADS) as pool:
            origins = list(pool.map(_caught(self._origin), wanted))
            good = [origin for origin in origins if isinstance(origin, Origin)]
            runs = self._many({o.run_id for o in good}, self._search_runs, self._get_run, pool)
            logged = self._many(
                {o.logged_id for o in good}, self._search_logged, self._get_logged, pool
            )

            def one(origin: Origin | Upstream) -> VersionDetail | Upstream:
                return (
                    origin if isinstance(origin, Upstream) else self._detail(origin, runs, logged)
                )

            return list(pool.map(_caught(one), origins))

    def served_folder(self, ref: VersionRef) -> str:
        """The path of a version's files below MLflow's artifact service, or why there is none."""
        origin = self._origin(ref)
        model = self._get_logged(origin.logged_id) if origin.logged_id else {}
        of_run = not origin.logged_id and OF_RUN.fullmatch(origin.uri)
        run = self._get_run(origin.run_id) if of_run else {}
        folder = _folder(origin, run, model)
        path = _served_path(folder, self.http.address) if folder else None
        if path is None:
            raise BadAnswer(ELSEWHERE)
        return path

    def _origin(self, ref: VersionRef) -> Origin:
        """Follow a copied version to the one that was logged."""
        run_id, uri = ref.run_id, ref.source_uri
        for _ in range(MOST_COPIES):
            copied = COPIED.fullmatch(uri)
            if not copied:
                break
            try:
                original = self.get_version(copied[1], copied[2])
            except NotFound:
                break
            run_id, uri = run_id or original.run_id, original.source_uri
        logged, of_run = LOGGED.fullmatch(uri), OF_RUN.fullmatch(uri)
        return Origin(
            run_id=run_id or (of_run[1] if of_run else ""),
            logged_id=logged[1] if logged else "",
            uri=uri,
        )

    def _many(
        self,
        ids: set[str],
        search: Callable[[list[str]], dict[str, Json]],
        get: Callable[[str], Json],
        pool: ThreadPoolExecutor,
    ) -> dict[str, Json | Upstream]:
        """All of them in one search; one by one where the search fails or leaves some out."""
        left = sorted(ids - {""})
        found: dict[str, Json | Upstream] = {}
        try:
            if len(left) > 1 and len(self.experiment_ids()) <= MOST_EXPERIMENTS:
                found.update(search(left))
        except Upstream:
            found.clear()
        left = [key for key in left if key not in found]
        found.update(zip(left, pool.map(_caught(get), left), strict=True))
        return found

    def experiment_ids(self) -> list[str]:
        """Every experiment, as a search of runs has to name them; one page too many is not read."""
        if self._listed is None:
            token, more = "", True
            while more and len(self._names) <= MOST_EXPERIMENTS:
                body = {"max_results": 1000, "view_type": "ALL", "page_token": token}
                answer = self.http.json("POST", f"{API}/experiments/search", body=body)
                for item in untrusted.objects(answer.get("experiments")):
                    key = untrusted.text(item.get("experiment_id"), 64)
                    self._names[key] = untrusted.text(item.get("name"), 500)
                before, token = token, untrusted.text(answer.get("next_page_token"), 2_000)
                more = token not in ("", before)
            self._listed = list(self._names)
        return self._listed

    def _experiment_name(self, experiment_id: str) -> str:
        """The name of one experiment; asked once a sync, and empty when it cannot be read."""
        if experiment_id and experiment_id not in self._names:
            try:
                wanted = {"experiment_id": experiment_id}
                answer = self.http.json("GET", f"{API}/experiments/get", params=wanted)
                name = untrusted.mapping(answer.get("experiment")).get("name")
            except NotFound:
                name = ""
            self._names[experiment_id] = untrusted.text(name, 500)
        return self._names.get(experiment_id, "")

    def _search_runs(self, ids: list[str]) -> dict[str, Json]:
        answer = self._search("runs", f"attributes.run_id IN ({_listed(ids)})", run_view_type="ALL")
        runs = {_info(run).get("run_id"): run for run in untrusted.objects(answer.get("runs"))}
        return {key: run for key, run in runs.items() if isinstance(key, str)}

    def _search_logged(self, ids: list[str]) -> dict[str, Json]:
        answer = self._search("logged-models", f"model_id IN ({_listed(ids)})")
        found = {
            _info(item).get("model_id"): item for item in untrusted.objects(answer.get("models"))
        }
        return {key: item for key, item in found.items() if isinstance(key, str)}

    def _search(self, what: str, wanted: str, **more: str) -> Json:
        body = {
            "experiment_ids": self.experiment_ids(),
            "filter": wanted,
            "max_results": 1000,
            **more,
        }
        return self.http.json("POST", f"{API}/{what}/search", body=body)

    def _get_run(self, run_id: str) -> Json:
        answer = self.http.json(
            "GET", f"{API}/runs/get", params={"run_id": run_id}, limit=16 * MEGABYTE
        )
        return untrusted.mapping(answer.get("run"))

    def _get_logged(self, logged_id: str) -> Json:
        path = f"{API}/logged-models/{quote(logged_id, safe='')}"
        return untrusted.mapping(self.http.json("GET", path, limit=16 * MEGABYTE).get("model"))

    def _detail(
        self,
        origin: Origin,
        runs: Mapping[str, Json | Upstream],
        logged: Mapping[str, Json | Upstream],
    ) -> VersionDetail:
        """Put together what was found; what is gone for good is said in a note."""
        run, run_note = _present(runs.get(origin.run_id), "The run no longer exists in MLflow.")
        model, model_note = _present(
            logged.get(origin.logged_id), "The logged model no longer exists in MLflow."
        )
        detail = _from_run(run, model)
        signature, flavors, file_note = self._mlmodel(origin, run, model)
        return replace(
            detail,
            experiment=self._experiment_name(detail.experiment_id),
            logged_model_id=origin.logged_id,
            signature=signature,
            flavors=flavors,
            note=" ".join(filter(None, [run_note, model_note, file_note])),
        )

    def _mlmodel(self, origin: Origin, run: Json, model: Json) -> tuple[Json, list[str], str]:
        """Signature and flavors from the MLmodel file, where MLflow serves it."""
        folder = _folder(origin, run, model)
        if not folder:
            return {}, [], ""
        path = _served_path(folder, self.http.address)
        if path is None:
            return {}, [], NOT_SERVED
        try:
            address = f"/api/2.0/mlflow-artifacts/artifacts/{quote(path)}/MLmodel"
            raw = self.http.raw("GET", address, limit=LARGEST_MLMODEL)
            return *mlmodel.read(raw), ""
        except NotFound:
            return {}, [], "The model's files no longer exist in MLflow."
        except BadAnswer as problem:
            return {}, [], f"The signature could not be read. {problem}"


def _caught(work: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """`work`, handing back an Upstream error instead of raising it."""

    def guarded(item: Any) -> Any:
        try:
            return work(item)
        except Upstream as problem:
            return problem

    return guarded


def _present(found: Json | Upstream | None, gone: str) -> tuple[Json, str]:
    if isinstance(found, NotFound):
        return {}, gone
    if isinstance(found, Upstream):
        raise found
    return found or {}, ""


def _listed(ids: list[str]) -> str:
    return ",".join(f"'{key}'" for key in ids if re.fullmatch(r"[0-9a-zA-Z-]{1,64}", key))


def _info(found: Json) -> Json:
    return untrusted.mapping(found.get("info"))


def _folder(origin: Origin, run: Json, model: Json) -> str:
    """The folder of the model's files as a URI."""
    if origin.logged_id:
        return str(_info(model).get("artifact_uri") or "")
    of_run = OF_RUN.fullmatch(origin.uri)
    if of_run:
        base = str(_info(run).get("artifact_uri") or "")
        return f"{base.rstrip('/')}/{of_run[2]}" if base else ""
    return origin.uri


def _served_path(folder: str, address: str) -> str | None:
    """The path below MLflow's own artifact service; None for any other place."""
    try:
        parts = urlsplit(folder)
    except ValueError:
        return None
    path = parts.path.strip("/")
    ours = parts.netloc in ("", urlsplit(address).netloc)
    if parts.scheme != "mlflow-artifacts" or not ours or parts.query or parts.fragment or not path:
        return None
    steps = path.removeprefix("api/2.0/mlflow-artifacts/artifacts/").split("/")
    return None if any(step in ("", ".", "..") for step in steps) else "/".join(steps)


def _from_run(run: Json, model: Json) -> VersionDetail:
    info, data = _info(run), untrusted.mapping(run.get("data"))
    tags = untrusted.pairs(data.get("tags"))
    model_data = untrusted.mapping(model.get("data"))
    params = untrusted.pairs(data.get("params"))
    user = tags.get("mlflow.user") or info.get("user_id")
    return VersionDetail(
        run_name=untrusted.text(info.get("run_name"), 250),
        run_user=untrusted.text(user, 120),
        git_commit=untrusted.text(tags.get("mlflow.source.git.commit"), 64),
        experiment_id=untrusted.text(info.get("experiment_id"), 64),
        params={**untrusted.pairs(model_data.get("params")), **params},
        metrics=_metrics(data.get("metrics"), model_data.get("metrics")),
        run_tags=tags,
        datasets=[_dataset(item) for item in _inputs(run)],
    )


def _metrics(of_run: Any, of_model: Any) -> dict[str, float | None]:
    """The logged model's metrics over the run's, which may have logged several models.

    MLflow turns a NaN into 0 in a logged model's copy; where the run says NaN, that stands.
    """
    found = {
        untrusted.text(item.get("key"), untrusted.KEY): untrusted.number(item.get("value"))
        for item in untrusted.objects(of_run)
    }
    for item in untrusted.objects(of_model):
        key = untrusted.text(item.get("key"), untrusted.KEY)
        if found.get(key, 0) is not None:
            found[key] = untrusted.number(item.get("value"))
    return dict(list(found.items())[: untrusted.ENTRIES])


def _inputs(run: Json) -> list[Json]:
    listed = untrusted.mapping(run.get("inputs")).get("dataset_inputs")
    return list(untrusted.objects(listed))[:50]


def _dataset(item: Json) -> dict[str, Any]:
    found = untrusted.mapping(item.get("dataset"))
    profile = _inner(found.get("profile"))
    return {
        "name": untrusted.text(found.get("name"), 250),
        "digest": untrusted.text(found.get("digest"), 120),
        "context": untrusted.pairs(item.get("tags")).get("mlflow.data.context", ""),
        "source_type": untrusted.text(found.get("source_type"), 60),
        "source": untrusted.text(found.get("source"), 1_000),
        "rows": untrusted.number(profile.get("num_rows")),
        "columns": mlmodel.columns(_inner(found.get("schema")).get("mlflow_colspec")),
    }


def _inner(value: Any) -> Json:
    """JSON that MLflow keeps as text inside JSON."""
    if not isinstance(value, str) or len(value) > MEGABYTE:
        return {}
    try:
        return untrusted.mapping(json.loads(value))
    except (ValueError, RecursionError):
        return {}
