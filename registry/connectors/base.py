"""What Signet asks of any registry: frozen facts, and the methods that a connector answers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Literal, Protocol, TypeVar

from portal.errors import Upstream

Item = TypeVar("Item")
Verification = Literal["real", "emulator", "spec", "client_schema"]


@dataclass(frozen=True)
class Capabilities:
    """What a kind of registry can do, and against what its connector has been verified."""

    verification: Verification
    cursor_sees_tags: bool
    aliases_on_versions: bool
    events: bool
    model_page: int
    version_page: int


@dataclass(frozen=True)
class RemoteModel:
    """A registered model as its registry shows it."""

    name: str
    description: str
    tags: Mapping[str, str]
    aliases: Mapping[str, str]
    created: datetime
    updated: datetime


@dataclass(frozen=True)
class RemoteVersion:
    """A version as its registry lists it; the facts of its run come later, as `VersionDetail`."""

    model: str
    version: str
    description: str
    status: str
    source_uri: str
    run_id: str
    tags: Mapping[str, str]
    created: datetime
    updated: datetime


@dataclass(frozen=True)
class VersionRef:
    """Which version's details are wanted: its place in the registry and where it came from."""

    model: str
    version: str
    source_uri: str
    run_id: str


@dataclass(frozen=True)
class VersionDetail:
    """Facts of the run and logged model behind a version; a metric of None is not finite."""

    run_name: str = ""
    run_user: str = ""
    git_commit: str = ""
    experiment: str = ""
    experiment_id: str = ""
    logged_model_id: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    run_tags: Mapping[str, str] = field(default_factory=dict)
    signature: Mapping[str, Any] = field(default_factory=dict)
    datasets: Sequence[Mapping[str, Any]] = ()
    flavors: Sequence[str] = ()
    note: str = ""


@dataclass(frozen=True)
class RemoteFile:
    """One file of an artifact: its path inside the artifact, and its size if the listing says."""

    path: str
    size: int | None


@dataclass(frozen=True)
class Page(Generic[Item]):
    """One page of a listing; `skipped` says why items in it cannot be kept."""

    items: Sequence[Item]
    skipped: Sequence[str] = ()


@dataclass(frozen=True)
class Hint:
    """A notice that something changed: where to look, never what to believe."""

    delivery_id: str
    entity: str
    model: str


@dataclass(frozen=True)
class ProbeReport:
    """What answers at the address."""

    server_version: str


@dataclass(frozen=True)
class Subscription:
    """Where a registry sends change notices; `problem` is empty when they arrive."""

    webhook_id: str
    problem: str = ""


class NotFound(Upstream):
    """The registry says that there is no such thing."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True, code="not_found")


class Forbidden(Upstream):
    """The registry does not let Signet's user see this."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True, code="forbidden")


class Unreachable(Upstream):
    """No usable answer at this time; a later attempt may get one."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=False, code="unreachable")


class BadAnswer(Upstream):
    """An answer that does not make sense, which asking again will not mend."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True, code="bad_answer")


class TooLarge(BadAnswer):
    """An answer longer than Signet takes."""


class Artifact(Protocol):
    """The files of one version."""

    def files(self) -> Iterator[RemoteFile]:
        """Every file, folder by folder."""
        ...

    def read(self, file: RemoteFile, sink: Callable[[bytes], object], *, limit: int) -> int:
        """Hand a file's bytes to `sink`, part by part, and say how many; TooLarge past `limit`."""
        ...


class BadEvent(Exception):
    """A change notice that is not what the registry sends."""


class BadSignature(BadEvent):
    """A change notice that the registry did not sign with our secret, or signed too long ago."""


class Writing(Protocol):
    """The calls that change something at a source; each may be repeated without further effect."""

    def set_tag(self, model: str, version: str, key: str, value: str) -> None:
        """Give a version's tag a value."""
        ...

    def delete_tag(self, model: str, version: str, key: str) -> None:
        """Take a tag off a version."""
        ...

    def set_alias(self, model: str, alias: str, version: str) -> None:
        """Point an alias of a model at a version."""
        ...

    def delete_alias(self, model: str, alias: str) -> None:
        """Remove an alias."""
        ...

    def ensure_model(self, name: str, description: str) -> None:
        """Make a registered model unless there is one of this name."""
        ...

    def copy_version(self, source: RemoteVersion, to_model: str, operation: str) -> RemoteVersion:
        """Make a version of another model with the same artifact, marked with the operation."""
        ...


class Connector(Protocol):
    """The calls that a sync makes; an implementation holds no state between syncs."""

    capabilities: Capabilities
    writing: Writing

    @property
    def requests(self) -> int:
        """How many requests were sent so far."""
        ...

    def probe(self) -> ProbeReport:
        """What answers at the address; raises Upstream when nothing usable does."""
        ...

    def iter_models(self) -> Iterator[Page[RemoteModel]]:
        """Every registered model with its tags and aliases, page by page."""
        ...

    def iter_versions(self, model: str | None = None) -> Iterator[Page[RemoteVersion]]:
        """Every version, or those of one model, ordered by model."""
        ...

    def get_model(self, name: str) -> RemoteModel:
        """One model as it is now; raises NotFound or Forbidden."""
        ...

    def get_version(self, model: str, version: str) -> RemoteVersion:
        """One version as it is now; raises NotFound or Forbidden."""
        ...

    def details(self, wanted: Sequence[VersionRef]) -> list[VersionDetail | Upstream]:
        """The details of each wanted version in the same order, or why they could not be read."""
        ...

    def artifact(self, wanted: VersionRef) -> Artifact:
        """The files of a version; raises NotFound when they are gone, BadAnswer when elsewhere."""
        ...

    def parse_event(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Hint:
        """The hint in a change notice; raises BadSignature or BadEvent."""
        ...

    def subscribe(self, url: str) -> Subscription:
        """Have change notices sent to `url`, mending what differs; says what keeps them away."""
        ...

    def unsubscribe(self, url: str) -> None:
        """Have no more change notices sent to `url`."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...
