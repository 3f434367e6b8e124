"""scikit-learn estimators as skops files, loaded only when every type in them is on our list."""

import io
import json
import zipfile
from typing import Any

from signet.adapters.base import needed
from signet.adapters.state import BadState

# Reviewed: each holds arrays and numbers, and its constructor runs nothing that comes from a file.
# A tree with forged indices can crash the process that predicts with it, and do no more than that.
# A partial is only put together on loading; skops asks for the function inside it on its own.
TRUSTED = frozenset(
    {
        "functools.partial",
        "sklearn._loss.link.Interval",
        "sklearn._loss.link.IdentityLink",
        "sklearn._loss.link.LogLink",
        "sklearn._loss.link.LogitLink",
        "sklearn._loss.link.MultinomialLogit",
        "sklearn._loss.loss.AbsoluteError",
        "sklearn._loss.loss.HalfBinomialLoss",
        "sklearn._loss.loss.HalfGammaLoss",
        "sklearn._loss.loss.HalfMultinomialLoss",
        "sklearn._loss.loss.HalfPoissonLoss",
        "sklearn._loss.loss.HalfSquaredError",
        "sklearn._loss.loss.PinballLoss",
        "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.tree._tree.Tree",
        "sklearn.utils.validation.check_array",
        "numpy.random._mt19937.MT19937",
        "numpy.random.mtrand.RandomState",
    }
)
# skops files are zip archives; their times would make equal models differ.
_THEN = (1980, 1, 1, 0, 0, 0)
SCHEMA = "schema.json"


def dumped(estimator: Any) -> bytes:
    """The estimator as a skops file in canonical form: equal models give equal bytes.

    skops names objects after their addresses in memory; here they are numbered as they come.
    BadState for an estimator with types that `loaded` would refuse.
    """
    written = needed("skops.io", "tabular").dumps(estimator)
    fresh = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(written)) as old,
        zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        numbers: dict[str, str] = {}
        schema = _numbered(json.loads(old.read(SCHEMA)), numbers)
        parts = {SCHEMA: json.dumps(schema, sort_keys=True).encode()}
        for name in old.namelist():
            if name != SCHEMA:
                parts[_renamed(name, numbers)] = old.read(name)
        for name in sorted(parts):
            new.writestr(zipfile.ZipInfo(name, _THEN), parts[name], zipfile.ZIP_DEFLATED)
    content = fresh.getvalue()
    _refuse_strange(content)
    return content


def _numbered(node: Any, numbers: dict[str, str]) -> Any:
    """The schema with each `__id__`, and each file called after one, as a running number."""
    if isinstance(node, list):
        return [_numbered(part, numbers) for part in node]
    if not isinstance(node, dict):
        return node
    made = {}
    for key, value in node.items():
        if key == "__id__":
            made[key] = int(numbers.setdefault(str(value), str(len(numbers) + 1)))
        elif key == "file" and isinstance(value, str):
            numbers.setdefault(value.partition(".")[0], str(len(numbers) + 1))
            made[key] = _renamed(value, numbers)
        else:
            made[key] = _numbered(value, numbers)
    return made


def _renamed(file: str, numbers: dict[str, str]) -> str:
    stem, dot, ending = file.partition(".")
    return numbers.get(stem, stem) + dot + ending


def loaded(content: bytes) -> Any:
    """The estimator in a skops file; BadState names every type that is not on our list."""
    _refuse_strange(content)
    return needed("skops.io", "tabular").loads(content, trusted=sorted(TRUSTED))


def _refuse_strange(content: bytes) -> None:
    """On saving as on loading, so that nobody registers a model that nobody can serve."""
    found = needed("skops.io", "tabular").get_untrusted_types(data=content)
    if strange := sorted(set(found) - TRUSTED):
        raise BadState(
            f"This model holds types that nobody has reviewed: {', '.join(strange)}. Use an "
            "estimator whose types are on signet's list, or ask for the type to be reviewed."
        )
