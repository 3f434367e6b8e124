"""Training the demo's models for real, and logging each run to MLflow."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from registry.demo.data import Table

if TYPE_CHECKING:
    import pandas as pd

SEED = 20171001
DESCRIPTIONS = {
    "coupon-redemption": "Ranks households by how likely they redeem a coupon of a campaign.",
    "basket-value": "Predicts what a household spends in the next four weeks, in dollars.",
    "household-lapse": "Predicts which households stop shopping with us.",
    "grocery-demand-forecast": "Daily sales of the grocery department, 14 days ahead.",
    "produce-demand-forecast": "Daily sales of fresh produce, 14 days ahead.",
    "juice-brand-choice": "Predicts which orange juice a shopper picks at given shelf prices.",
    "store-sales-driver": "Explains unit sales of car seats per store.",
    "bike-courier-demand": "Bicycles needed per hour at courier pick-up points.",
}

# What each kind of model must reach, logged with its run as a pipeline would.
THRESHOLDS = {
    "classification": {"roc_auc": {"min": 0.7}},
    "regression": {"r2": {"min": 0.0}},
    "forecasting": {"wape": {"max": 0.25}},
}


@dataclass(frozen=True)
class Recipe:
    """One version to train: the estimator, its data, and how the run is described."""

    model: str
    task: str
    user: str
    team: str
    table: Callable[[], Table]
    estimator: Callable[[], Any]
    note: str
    drop: tuple[str, ...] = ()
    rows: int | None = None
    lineage: bool = True
    register: bool = True
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def experiment(self) -> str:
        """The experiment that its runs belong to."""
        return f"{self.team or 'sandbox'}/{self.model}"


@dataclass(frozen=True)
class Trained:
    """What MLflow knows of a trained recipe."""

    recipe: Recipe
    run_id: str
    model_uri: str
    version: str


def train(recipe: Recipe) -> Trained:
    """Fit, evaluate on held-out rows, log the run and register the model version.

    MLflow itself records the git commit of the code that trains.
    """
    import mlflow

    table = recipe.table()
    experiment_use(recipe.experiment)
    with mlflow.start_run(run_name=recipe.note) as run:
        mlflow.set_tags({"mlflow.user": recipe.user, "mlflow.note.content": recipe.note})
        if recipe.lineage:
            log_input(table)
            mlflow.set_tag("signet.thresholds", json.dumps(THRESHOLDS[recipe.task]))
        mlflow.log_params({"seed": SEED, **recipe.params})
        if recipe.task == "forecasting":
            info = fit_forecast(recipe, table)
        else:
            info = fit_tabular(recipe, table)
        version = register(recipe, run.info.run_id, info.model_id) if recipe.register else ""
    return Trained(recipe, run.info.run_id, info.model_uri, version)


def experiment_use(name: str) -> None:
    """Log into this experiment; one that an earlier removal deleted is taken back."""
    import mlflow

    client = mlflow.MlflowClient()
    known = client.get_experiment_by_name(name)
    if known and known.lifecycle_stage == "deleted":
        client.restore_experiment(known.experiment_id)
    mlflow.set_experiment(name)


def log_input(table: Table) -> None:
    """Log a table as the run's dataset, under a fingerprint of all its rows."""
    import mlflow
    import mlflow.data

    dataset = mlflow.data.from_pandas(
        table.frame, targets=table.target, name=table.name, digest=table.fingerprint
    )
    mlflow.log_input(dataset, context=table.context, tags={"origin": table.source})


def fit_tabular(recipe: Recipe, table: Table) -> Any:
    """A classifier or regressor in a pipeline, judged on the last fifth of the rows."""
    import mlflow
    from mlflow.models import infer_signature
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    frame = table.frame.drop(columns=list(recipe.drop))
    split = int(len(frame) * 0.8)
    fitted, held = frame.iloc[:split], frame.iloc[split:]
    if recipe.rows:
        fitted = fitted.head(recipe.rows)
    inputs, target = fitted.drop(columns=table.target), fitted[table.target]
    pipeline = make_pipeline(
        make_column_transformer(
            (
                OneHotEncoder(handle_unknown="ignore", sparse_output=False),
                make_column_selector(dtype_exclude="number"),
            ),
            (StandardScaler(), make_column_selector(dtype_include="number")),
        ),
        recipe.estimator(),
    )
    pipeline.fit(inputs, target)
    mlflow.log_params({"rows_trained": len(fitted), "features": inputs.shape[1]})
    mlflow.log_params(estimator_params(pipeline[-1]))
    mlflow.log_metrics(
        score(recipe.task, pipeline, held.drop(columns=table.target), held[table.target])
    )
    example = inputs.head(3)
    return mlflow.sklearn.log_model(
        pipeline,
        name="model",
        signature=infer_signature(example, pipeline.predict(example)) if recipe.lineage else None,
        input_example=example if recipe.lineage else None,
        pip_requirements=["scikit-learn==1.9.1", "pandas==2.3.3"],
        **native_format(pipeline),
    )


def native_format(pipeline: Any) -> dict[str, Any]:
    """Save with skops, naming the types the file holds, instead of a pickle."""
    import skops.io

    return {
        "serialization_format": "skops",
        "skops_trusted_types": skops.io.get_untrusted_types(data=skops.io.dumps(pipeline)),
    }


def estimator_params(estimator: Any) -> dict[str, Any]:
    """The estimator's own hyper-parameters that are set to something."""
    chosen = {name: value for name, value in estimator.get_params().items() if value is not None}
    return {"estimator": type(estimator).__name__, **dict(list(chosen.items())[:12])}


def score(task: str, pipeline: Any, inputs: "pd.DataFrame", truth: "pd.Series") -> dict[str, float]:
    """The field's usual metrics on held-out rows."""
    from sklearn import metrics

    if task == "classification":
        chance = pipeline.predict_proba(inputs)[:, 1]
        positive = (truth == pipeline.classes_[1]).astype(int)
        return {
            "roc_auc": metrics.roc_auc_score(positive, chance),
            "average_precision": metrics.average_precision_score(positive, chance),
            "log_loss": metrics.log_loss(positive, chance),
            "brier_score": metrics.brier_score_loss(positive, chance),
            "positive_share": float(positive.mean()),
        }
    predicted = pipeline.predict(inputs)
    return {
        "mae": metrics.mean_absolute_error(truth, predicted),
        "rmse": metrics.root_mean_squared_error(truth, predicted),
        "r2": metrics.r2_score(truth, predicted),
        "bias": float((predicted - truth).mean()),
    }


def fit_forecast(recipe: Recipe, table: Table) -> Any:
    """A daily forecast judged by a rolling-origin backtest: four origins, 14 days ahead each."""
    import mlflow
    from mlflow.models import infer_signature

    series = table.frame.set_index("day")["sales"].asfreq("D")
    errors, totals, signed = 0.0, 0.0, 0.0
    for fold in range(4):
        end = len(series) - 14 * (4 - fold)
        ahead = recipe.estimator()(series.iloc[:end]).forecast(14)
        actual = series.iloc[end : end + 14]
        errors += float((ahead - actual).abs().sum())
        signed += float((ahead - actual).sum())
        totals += float(actual.sum())
    fitted = recipe.estimator()(series)
    mlflow.log_params({"horizon_days": 14, "backtest_origins": 4, "days_trained": len(series)})
    mlflow.log_metrics({"wape": errors / totals, "bias_share": signed / totals, "aic": fitted.aic})
    example = table.frame[["day"]].tail(14).rename(columns={"day": "start"}).iloc[[0]]
    example["end"] = table.frame["day"].iloc[-1]
    return mlflow.statsmodels.log_model(
        fitted,
        name="model",
        signature=infer_signature(example, fitted.forecast(3).to_frame("sales")),
        pip_requirements=["statsmodels==0.15.0", "pandas==2.3.3"],
    )


def model_tags(recipe: Recipe) -> dict[str, str]:
    """The tags that the sync reads: whose model it is and what it does."""
    tags = {"task": recipe.task, "demo": "true"}
    return {**tags, "team": recipe.team} if recipe.team else tags


def register(recipe: Recipe, run_id: str, model_id: str) -> str:
    """Register the logged model as the next version of its registered model."""
    import mlflow

    client = mlflow.MlflowClient()
    try:
        client.create_registered_model(
            recipe.model, tags=model_tags(recipe), description=DESCRIPTIONS[recipe.model]
        )
    except mlflow.exceptions.MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    made = client.create_model_version(
        recipe.model,
        source=f"models:/{model_id}",
        run_id=run_id,
        model_id=model_id,
        description=recipe.note,
    )
    return str(made.version)
