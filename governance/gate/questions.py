"""What a pipeline asks, checked, and which version of the inventory it means."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.db.models import QuerySet
from django.utils import timezone

from governance.reasons import Reason
from portal.actors import Actor
from portal.errors import Invalid
from registry.deployments.models import Environment
from registry.inventory.models import ModelVersion, RegisteredModel
from registry.inventory.queries import visible_models, visible_versions
from registry.sources.condition import is_stale

_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{64})", re.I)
_COMMIT = re.compile(r"[0-9a-f]{7,64}", re.I)
# A copy under the production name: what was approved is the version it was copied from.
_COPY = re.compile(r"models:/(?P<name>[^/]+)/(?P<version>[0-9]{1,18})")
PRODUCTION_PREFIX = "prod."


@dataclass(frozen=True)
class Question:
    """May this version go to this environment? Named by number or by alias."""

    model: str
    version: str
    alias: str
    environment: str
    digest: str = ""
    commit: str = ""
    pipeline_url: str = ""
    source: str = ""

    @property
    def named(self) -> str:
        """The version as it was asked for, an alias with its @."""
        return self.version or f"@{self.alias}"


@dataclass(frozen=True)
class Objection:
    """One thing that stands against a version, by code and in words."""

    code: Reason
    text: str


@dataclass(frozen=True)
class Target:
    """What a question means: the version that would run, and the one whose approval counts."""

    version: ModelVersion | None
    judged: ModelVersion | None
    objections: tuple[Objection, ...] = ()


def question_read(
    *,
    model: str,
    version: str = "",
    alias: str = "",
    environment: str = "",
    digest: str = "",
    commit: str = "",
    pipeline_url: str = "",
    source: str = "",
) -> Question:
    """The question in these words; Invalid names every place that is not acceptable."""
    faults: dict[str, list[str]] = {}
    if not 0 < len(model) <= 256:
        faults["model"] = ["Name the registered model, in 1 to 256 characters."]
    if bool(version) == bool(alias):
        faults["version"] = ["Give either a version or an alias."]
    for name, value, most in (("version", version, 64), ("alias", alias, 254)):
        if len(value) > most:
            faults[name] = [f"At most {most} characters."]
    if environment not in Environment.values:
        faults["environment"] = [f"Give one of {', '.join(Environment.values)}."]
    given = _DIGEST.fullmatch(digest)
    if digest and given is None:
        faults["digest"] = ["Give the artifact's SHA-256 as 64 hexadecimal digits."]
    if commit and _COMMIT.fullmatch(commit) is None:
        faults["commit"] = ["Give the commit as 7 to 64 hexadecimal digits."]
    if pipeline_url and not _is_link(pipeline_url):
        faults["pipeline_url"] = ["Give an http or https address of at most 500 characters."]
    if faults:
        raise Invalid("The gate cannot read the question.", fields=faults)
    return Question(
        model=model,
        version=version,
        alias=alias,
        environment=environment,
        digest=given[1].lower() if given else "",
        commit=commit.lower(),
        pipeline_url=pipeline_url,
        source=source,
    )


def _is_link(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc) and len(text) <= 500


def target_of(actor: Actor, question: Question, *, locking: bool) -> Target:
    """The version that a question means; `locking` holds its model's row until the answer."""
    found = visible_models(actor).filter(name=question.model).select_related("source")
    if question.source:
        found = found.filter(source__name=question.source)
    models = list(_locked(found) if locking else found)
    if not models:
        return _nothing(Reason.UNREGISTERED, f"{question.model} is not in the inventory.")
    if len(models) > 1:
        names = ", ".join(model.source.name for model in models)
        return _nothing(
            Reason.COULD_NOT_TELL,
            f"Several sources have a model {question.model}: {names}. Say which one is meant.",
        )
    return _version_of(actor, models[0], question)


def _locked(models: QuerySet[RegisteredModel]) -> QuerySet[RegisteredModel]:
    return models.select_for_update(of=("self",)).order_by("pk")


def _nothing(code: Reason, text: str) -> Target:
    return Target(None, None, (Objection(code, text),))


def _version_of(actor: Actor, model: RegisteredModel, question: Question) -> Target:
    number, objections = question.version, []
    if question.alias:
        number = str(model.aliases.get(question.alias, ""))
        if not number:
            return _nothing(
                Reason.UNREGISTERED,
                f"{model.name} has no alias {question.alias} as last read from "
                f"{model.source.name}. Sync the source if it was set a moment ago.",
            )
        if is_stale(model.source):
            objections.append(_stale(model))
    version = _versions(actor).filter(model=model, version=number).first()
    if version is None:
        return _nothing(
            Reason.UNREGISTERED, f"Version {number} of {model.name} is not in the inventory."
        )
    gone_at = version.gone_at or model.gone_at
    if gone_at:
        text = f"{version} was deleted at {model.source.name}, noticed on {gone_at:%d %B %Y}."
        objections.append(Objection(Reason.GONE, text))
    return Target(version, _copied_from(actor, version) or version, tuple(objections))


def _versions(actor: Actor) -> QuerySet[ModelVersion]:
    """The versions without the long columns, which the approval reads for itself."""
    long = ("params", "metrics", "run_tags", "signature", "datasets", "description")
    return visible_versions(actor).select_related("model__source").defer(*long)


def _stale(model: RegisteredModel) -> Objection:
    last = model.source.last_complete_at
    age = int((timezone.now() - last).total_seconds() // 60) if last else 0
    return Objection(
        Reason.COULD_NOT_TELL,
        f"Where the alias points was last read from {model.source.name} {age} minutes ago. Sync "
        "the source, or ask for the version by its number.",
    )


def _copied_from(actor: Actor, version: ModelVersion) -> ModelVersion | None:
    """The version that `prod.<model>` was copied from, where this is such a copy."""
    copy = _COPY.fullmatch(version.source_uri)
    if copy is None or version.model.name != f"{PRODUCTION_PREFIX}{copy['name']}":
        return None
    return (
        _versions(actor)
        .filter(
            model__source_id=version.model.source_id,
            model__name=copy["name"],
            version=copy["version"],
        )
        .first()
    )
