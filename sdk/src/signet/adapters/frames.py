"""Tables in and out of tabular models: features as learned, and categories never seen."""

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Self

from signet.adapters.base import BadData

if TYPE_CHECKING:
    import pandas as pd

Unknown = Literal["error", "other", "null"]
OTHER = "(other)"


@dataclass
class Features:
    """The columns a model was fitted on: names in order, types, and the levels of text columns.

    `unseen` counts, by column, the values met at prediction that were not there in training; a
    library scores such values silently, which is why the policy stands here.
    """

    names: list[str]
    dtypes: dict[str, str]
    levels: dict[str, list[str]]
    unknown: Unknown = "error"
    unseen: dict[str, int] = field(default_factory=dict)

    @classmethod
    def learned(cls, frame: "pd.DataFrame", unknown: Unknown) -> Self:
        """The features of a training table; BadData for columns that cannot be used."""
        if unknown not in ("error", "other", "null"):
            raise ValueError(f"unknown_category is {unknown!r}; choose error, other or null.")
        names = [str(name) for name in frame.columns]
        if len(set(names)) != len(names):
            twice = sorted({name for name in names if names.count(name) > 1})
            raise BadData(f"These columns come more than once: {', '.join(twice)}.")
        dtypes, levels = {}, {}
        for name, column in zip(names, (frame.iloc[:, i] for i in range(len(names))), strict=True):
            dtypes[name] = _kind(name, column)
            if dtypes[name] == "category":
                found = sorted({str(value) for value in column.dropna().unique()})
                levels[name] = [*found, OTHER] if unknown == "other" else found
        return cls(names, dtypes, levels, unknown)

    def table(self, frame: "pd.DataFrame") -> "pd.DataFrame":
        """The frame as the model takes it: columns in order, numbers as float, text as levels.

        Columns that were not there in training are left out; BadData for one that is missing, text
        where a number was, or an unseen category when the policy is `error`.
        """
        import pandas as pd

        missing = [name for name in self.names if name not in frame.columns]
        if missing:
            raise BadData(f"These columns are missing: {', '.join(missing)}.")
        made = {name: self._column(name, frame[name]) for name in self.names}
        return pd.DataFrame(made, index=frame.index)

    def _column(self, name: str, column: "pd.Series[Any]") -> "pd.Series[Any]":
        import pandas as pd

        if self.dtypes[name] != "category":
            try:
                return pd.to_numeric(column).astype("float64")
            except (ValueError, TypeError):
                raise BadData(
                    f"The column {name} holds text; it was a number in training."
                ) from None
        words = column.astype(object).where(column.notna(), None).map(_word)
        known = set(self.levels[name])
        strange = words.notna() & ~words.isin(known)
        if strange.any():
            self._met(name, words[strange])
            words = words.where(~strange, OTHER if self.unknown == "other" else None)
        return words.astype(pd.CategoricalDtype(self.levels[name]))

    def _met(self, name: str, strange: "pd.Series[Any]") -> None:
        if self.unknown == "error":
            shown = ", ".join(repr(value) for value in strange.unique()[:5])
            raise BadData(
                f"The column {name} holds values that were not there in training: {shown}. Set "
                "unknown_category to 'other' or 'null' to let them through."
            )
        self.unseen[name] = self.unseen.get(name, 0) + len(strange)

    def to_json(self) -> dict[str, Any]:
        """As plain values, without the counts of this session."""
        return {name: value for name, value in asdict(self).items() if name != "unseen"}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """The features that `to_json` gave."""
        return cls(values["names"], values["dtypes"], values["levels"], values["unknown"])


def _word(value: Any) -> str | None:
    return None if value is None else str(value)


def _kind(name: str, column: "pd.Series[Any]") -> str:
    from pandas.api import types

    if types.is_bool_dtype(column.dtype) or types.is_numeric_dtype(column.dtype):
        return "float"
    if types.is_datetime64_any_dtype(column.dtype):
        raise BadData(f"The column {name} holds times; make features of it, such as the weekday.")
    return "category"
