"""What kind of problem a version solves, from what its authors logged."""

from collections.abc import Mapping

from registry.inventory.models import ModelVersion, RegisteredModel, Task

TAGS = ("signet.task", "task", "mlflow.task")
KNOWN = {task.value: task for task in Task if task.value}
FLAVORS = {
    "prophet": Task.FORECASTING,
    "pmdarima": Task.FORECASTING,
    "statsmodels": Task.FORECASTING,
    "sktime": Task.FORECASTING,
    "econml": Task.CAUSAL,
    "dowhy": Task.CAUSAL,
}
# The first entry that has one of its words in a metric's name decides; regression comes last,
# because forecasts and recommendations report the same errors beside their own.
METRICS = (
    (Task.FORECASTING, ("mase", "smape", "wape", "horizon")),
    (Task.RECOMMENDATION, ("ndcg", "hit_rate", "precision_at", "recall_at", "map_at", "@")),
    (Task.CAUSAL, ("qini", "auuc", "uplift", "ate_")),
    (Task.CLASSIFICATION, ("auc", "accuracy", "f1", "log_loss", "precision", "recall", "brier")),
    (Task.REGRESSION, ("rmse", "mae", "mse", "r2", "mape")),
)


def task_of(model: RegisteredModel, version: ModelVersion | None) -> str:
    """The task as tagged on the model, its newest version or its run, else as guessed."""
    places = [model.tags] + ([version.tags, version.run_tags] if version else [])
    for tags in places:
        task = _tagged(tags)
        if task:
            return task
    return _guessed(version) if version else Task.UNKNOWN


def _tagged(tags: Mapping[str, str]) -> str:
    for name in TAGS:
        word = str(tags.get(name, "")).strip().lower()
        if word:
            return KNOWN.get(word, Task.OTHER)
    return ""


def _guessed(version: ModelVersion) -> str:
    for flavor in version.flavors:
        if flavor in FLAVORS:
            return FLAVORS[flavor]
    names = " ".join(str(name).lower() for name in version.metrics)
    for task, words in METRICS:
        if any(word in names for word in words):
            return task
    return Task.UNKNOWN
