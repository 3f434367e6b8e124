"""What every adapter has in common: parameters, checks, threads, and state in plain files."""

import inspect
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, Self

from signet.adapters.state import State, read_state, write_state
from signet.errors import SignetError


class NotFitted(SignetError, AttributeError):
    """Something was asked of a model that has not been fitted yet."""


class BadData(SignetError, ValueError):
    """Data that a model cannot take; the message names the column or the rows."""


class Adapter(ABC):
    """One library behind the interface of its family.

    The constructor stores its arguments as they are, as scikit-learn's `clone` and `set_params`
    expect; what `fit` learns ends in an underscore. `seed` and `threads` are parameters of every
    adapter: with one thread the same seed gives the same model.
    """

    family: ClassVar[str]
    kind: ClassVar[str]
    extra: ClassVar[str]
    state_version: ClassVar[int] = 1

    seed: int
    threads: int

    @classmethod
    def parameter_names(cls) -> list[str]:
        """The names of the constructor's parameters, in its order."""
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name; with `deep`, those of a nested estimator as `estimator__name`."""
        params = {name: getattr(self, name) for name in self.parameter_names()}
        if deep:
            for name, value in list(params.items()):
                if hasattr(value, "get_params") and not isinstance(value, type):
                    nested = value.get_params(deep=True).items()
                    params |= {f"{name}__{inner}": part for inner, part in nested}
        return params

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name; ValueError for one that does not exist."""
        nested: dict[str, dict[str, Any]] = {}
        for name, value in params.items():
            own, _, inner = name.partition("__")
            if own not in self.parameter_names():
                known = ", ".join(self.parameter_names())
                raise ValueError(f"{type(self).__name__} has no parameter {own!r}; it has {known}.")
            if inner:
                nested.setdefault(own, {})[inner] = value
            else:
                setattr(self, own, value)
        for own, values in nested.items():
            getattr(self, own).set_params(**values)
        return self

    @property
    @abstractmethod
    def estimator_(self) -> Any:
        """The library's own fitted estimator, for everything this interface leaves out."""

    @abstractmethod
    def _state(self) -> State:
        """What `save` writes: values for state.json and native files."""

    @classmethod
    @abstractmethod
    def _restored(cls, state: State) -> Self:
        """A fitted model from what `_state` gave."""

    def save(self, folder: str | Path) -> Path:
        """Write the fitted model into an empty or new folder, in the library's native formats."""
        self.require_fitted()
        return write_state(Path(folder), self.kind, self.state_version, self._state())

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """The model that `save` wrote; SignetError for another kind, or files that were changed."""
        state = read_state(Path(folder), cls.kind, cls.state_version)
        return cls._restored(state)

    @property
    def is_fitted(self) -> bool:
        """Whether `fit` has run: it leaves attributes that end in an underscore."""
        return any(name.endswith("_") and not name.startswith("_") for name in vars(self))

    def require_fitted(self) -> None:
        """Raise NotFitted before `fit`."""
        if not self.is_fitted:
            raise NotFitted(f"This {type(self).__name__} is not fitted yet; call fit first.")

    def __sklearn_is_fitted__(self) -> bool:
        return self.is_fitted

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.parameter_names())
        return f"{type(self).__name__}({shown})"


@contextmanager
def pinned(threads: int) -> Iterator[None]:
    """Hold the libraries' thread pools at `threads`: more made some fits 15 times slower."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=threads):
        yield


def needed(module: str, extra: str) -> Any:
    """Import a library an adapter stands on; SignetError names the extra that installs it."""
    try:
        return import_module(module)
    except ImportError as error:
        if (error.name or "").partition(".")[0] != module.partition(".")[0]:
            raise
        raise SignetError(
            f"{module} is not installed. Run: pip install 'signet-sdk[{extra}]'"
        ) from None


def as_json(value: Any) -> Any:
    """The value as JSON holds it, numpy's scalars unwrapped; TypeError for anything else."""
    return json.loads(json.dumps(value, default=_plain, allow_nan=False))


def _plain(value: Any) -> Any:
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        return value.item()
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not a plain value")
