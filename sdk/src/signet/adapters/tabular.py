"""Tabular models: rows of features in, a class with probabilities or a number out."""

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from signet.adapters import skops_files
from signet.adapters.base import Adapter, BadData, as_json, needed, pinned
from signet.adapters.frames import Features, Unknown
from signet.adapters.state import State

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Task = Literal["binary", "multiclass", "regression"]


class TabularModel(Adapter):
    """What tabular adapters share: features, labels, and the shape of a prediction.

    `predict` answers a frame with the input's index: `prediction`, and for classes `p_<class>` of
    each; `predict_proba` gives those alone as an array of shape (rows, classes), in the order of
    `classes_`. Row order and the size of a batch change no value.
    """

    family: ClassVar[str] = "tabular"
    extra: ClassVar[str] = "tabular"
    unknown_category: Unknown

    def fit(self, X: "pd.DataFrame", y: Any, sample_weight: Any = None) -> Self:
        """Learn from a frame (n rows, p columns) and n labels; neither is changed.

        BadData for no rows, labels that are missing or of another length, or a single class.
        """
        import numpy as np

        labels = np.asarray(y)
        if len(X) == 0 or len(X) != len(labels):
            raise BadData(
                f"There are {len(X)} rows and {len(labels)} labels; give as many of each."
            )
        if any(value is None or value != value for value in labels.tolist()):
            raise BadData("Some labels are missing; leave those rows out.")
        features = Features.learned(X, self.unknown_category)
        task, classes = self._task(labels)
        with pinned(self.threads):
            self.estimator_fitted_ = self._fit(features.table(X), labels, task, sample_weight)
        self.features_, self.task_, self.classes_ = features, task, classes
        self.n_features_in_ = len(features.names)
        return self

    def predict(self, X: "pd.DataFrame") -> "pd.DataFrame":
        """The prediction for each row; see the class."""
        import pandas as pd

        self.require_fitted()
        if self.task_ == "regression":
            values = self._numbers(self.features_.table(X))
            return pd.DataFrame({"prediction": values}, index=X.index)
        chances = self.predict_proba(X)
        answer = {"prediction": self.classes_[chances.argmax(axis=1)]}
        answer |= {f"p_{name}": chances[:, place] for place, name in enumerate(self.classes_)}
        return pd.DataFrame(answer, index=X.index)

    def predict_proba(self, X: "pd.DataFrame") -> "np.ndarray[Any, Any]":
        """The probability of each class, shape (rows, classes); AttributeError for regression."""
        self.require_fitted()
        if self.task_ == "regression":
            raise AttributeError("A regression has no probabilities.")
        return self._chances(self.features_.table(X))

    @property
    def estimator_(self) -> Any:
        """The library's fitted estimator."""
        self.require_fitted()
        return self.estimator_fitted_

    @property
    def unseen_categories(self) -> dict[str, int]:
        """How many values of each column were not there in training, since this was loaded."""
        self.require_fitted()
        return dict(self.features_.unseen)

    def _task(self, labels: "np.ndarray[Any, Any]") -> tuple[Task, "np.ndarray[Any, Any]"]:
        import numpy as np

        if not self._is_classifier():
            return "regression", np.array([])
        classes = np.unique(labels)
        if len(classes) < 2:
            raise BadData(
                f"All labels are {classes[0]!r}; a classifier needs at least two classes."
            )
        return ("binary" if len(classes) == 2 else "multiclass"), classes

    def _learned(self) -> dict[str, Any]:
        """What every tabular state holds beside the library's own file."""
        return {
            "features": self.features_.to_json(),
            "task": self.task_,
            "classes": as_json(self.classes_),
            "seed": self.seed,
            "threads": self.threads,
        }

    def _take(self, values: dict[str, Any]) -> None:
        import numpy as np

        self.features_ = Features.from_json(values["features"])
        self.task_ = values["task"]
        self.classes_ = np.array(values["classes"])
        self.n_features_in_ = len(self.features_.names)

    @abstractmethod
    def _is_classifier(self) -> bool: ...

    @abstractmethod
    def _fit(self, table: "pd.DataFrame", labels: Any, task: Task, weight: Any) -> Any: ...

    @abstractmethod
    def _numbers(self, table: "pd.DataFrame") -> "np.ndarray[Any, Any]": ...

    @abstractmethod
    def _chances(self, table: "pd.DataFrame") -> "np.ndarray[Any, Any]": ...


class SklearnModel(TabularModel):
    """Any scikit-learn classifier or regressor, alone or in a pipeline.

    The estimator sees numbers as float and text columns as pandas categories. `random_state` is set
    from `seed` wherever the estimator has one that is None.
    """

    kind: ClassVar[str] = "tabular.sklearn"

    def __init__(
        self,
        estimator: Any,
        *,
        unknown_category: Unknown = "error",
        seed: int = 0,
        threads: int = 1,
    ) -> None:
        self.estimator = estimator
        self.unknown_category: Unknown = unknown_category
        self.seed = seed
        self.threads = threads

    def __sklearn_tags__(self) -> Any:
        """The tags of the estimator inside, so that scikit-learn's tools treat this as one."""
        return self.estimator.__sklearn_tags__()

    def _is_classifier(self) -> bool:
        return bool(needed("sklearn.base", self.extra).is_classifier(self.estimator))

    def _fit(self, table: "pd.DataFrame", labels: Any, task: Task, weight: Any) -> Any:
        fresh = needed("sklearn.base", self.extra).clone(self.estimator)
        seeds = {
            name: self.seed
            for name, value in fresh.get_params().items()
            if name.rpartition("__")[2] == "random_state" and value is None
        }
        fresh.set_params(**seeds)
        weights = {} if weight is None else {"sample_weight": weight}
        return fresh.fit(table, labels, **weights)

    def _numbers(self, table: "pd.DataFrame") -> "np.ndarray[Any, Any]":
        return self.estimator_fitted_.predict(table)

    def _chances(self, table: "pd.DataFrame") -> "np.ndarray[Any, Any]":
        return self.estimator_fitted_.predict_proba(table)

    def _state(self) -> State:
        values = self._learned()
        return State(
            values, {"model.skops": skops_files.dumped(self.estimator_fitted_)}, versions()
        )

    @classmethod
    def _restored(cls, state: State) -> Self:
        values = state.values
        fitted = skops_files.loaded(state.files["model.skops"])
        model = cls(
            fitted,
            unknown_category=values["features"]["unknown"],
            seed=values["seed"],
            threads=values["threads"],
        )
        model.estimator_fitted_ = fitted
        model._take(values)
        return model


def versions() -> dict[str, str]:
    """The versions of the libraries that a scikit-learn model depends on."""
    from importlib.metadata import version

    return {name: version(name) for name in ("scikit-learn", "numpy", "skops")}
