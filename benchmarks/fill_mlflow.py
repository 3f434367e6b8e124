"""Fills MLflow's own database with many registered models, versions, runs and MLmodel files."""

from pathlib import Path

import psycopg

MLMODEL = """\
flavors:
  python_function: {loader_module: mlflow.sklearn}
  sklearn: {sklearn_version: 1.9.1}
signature:
  inputs: '[{"type": "double", "name": "spend", "required": true}]'
  outputs: '[{"type": "double", "required": true}]'
"""
FACTS = """
    CREATE TEMP TABLE made AS
    SELECT m, v, format('bench-%s', lpad(m::text, 6, '0')) AS name,
           md5(format('run %s %s', m, v)) AS run_id,
           'm-' || md5(format('model %s %s', m, v)) AS model_id,
           1750000000000 + (m * 60 + v) * 1000::bigint AS at
    FROM generate_series(1, %(models)s) AS m, generate_series(1, %(versions)s) AS v
"""
ROWS = [
    """INSERT INTO registered_models
        (name, creation_time, last_updated_time, description, workspace)
    SELECT name, min(at), max(at), 'Predicts something useful about store ' || min(m), 'default'
    FROM made GROUP BY name""",
    """INSERT INTO registered_model_tags (key, value, name, workspace)
    SELECT 'task', (ARRAY['classification', 'regression', 'forecasting'])[1 + min(m) %% 3],
           name, 'default' FROM made GROUP BY name""",
    """INSERT INTO registered_model_aliases (alias, version, name, workspace)
    SELECT 'champion', max(v), name, 'default' FROM made GROUP BY name""",
    """INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id,
        status, start_time, end_time, source_version, lifecycle_stage, artifact_uri, experiment_id)
    SELECT run_id, 'run of ' || name, 'LOCAL', 'train.py', '', 'scientist', 'FINISHED',
           at, at + 900, '', 'active', 'mlflow-artifacts:/0/' || run_id || '/artifacts', 0
    FROM made""",
    """INSERT INTO tags (key, value, run_uuid)
    SELECT 'mlflow.user', 'scientist', run_id FROM made
    UNION ALL SELECT 'mlflow.source.git.commit', md5(run_id), run_id FROM made""",
    """INSERT INTO params (key, value, run_uuid)
    SELECT 'max_depth', (3 + m %% 9)::text, run_id FROM made
    UNION ALL SELECT 'learning_rate', '0.05', run_id FROM made""",
    """INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid)
    SELECT 'rmse', 10 + (m * 7 + v) %% 100, at, 0, false, run_id FROM made
    UNION ALL SELECT 'r2', 0.5 + v * 0.01, at, 0, false, run_id FROM made""",
    """INSERT INTO logged_models (model_id, experiment_id, name, artifact_location,
        creation_timestamp_ms, last_updated_timestamp_ms, status, lifecycle_stage, source_run_id)
    SELECT model_id, 0, 'model', 'mlflow-artifacts:/0/models/' || model_id || '/artifacts',
           at, at, 2, 'active', run_id FROM made""",
    """INSERT INTO model_versions (name, version, creation_time, last_updated_time, description,
        user_id, current_stage, source, run_id, status, run_link, storage_location, workspace)
    SELECT name, v, at, at, '', '', 'None', 'models:/' || model_id, run_id, 'READY', '',
           'mlflow-artifacts:/0/models/' || model_id || '/artifacts', 'default' FROM made""",
    """INSERT INTO model_version_tags (key, value, name, version, workspace)
    SELECT 'team', 'bench', name, v, 'default' FROM made""",
]


def fill(address: str, artifacts: Path, *, models: int, versions: int) -> None:
    """Make `models` registered models of `versions` versions each, with runs and MLmodel files."""
    numbers = {"%(models)s": str(models), "%(versions)s": str(versions), "%%": "%"}
    with psycopg.connect(address) as connection:
        connection.execute("DELETE FROM registered_models WHERE name LIKE 'bench-%'")
        for statement in [FACTS, *ROWS]:
            for place, value in numbers.items():
                statement = statement.replace(place, value)
            connection.execute(statement)
        ids = [row[0] for row in connection.execute("SELECT model_id FROM made")]
    for model_id in ids:
        folder = artifacts / "0" / "models" / model_id / "artifacts"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "MLmodel").write_text(MLMODEL)


def change(address: str, count: int) -> None:
    """Set one tag on `count` versions: a change that no timestamp of MLflow shows."""
    with psycopg.connect(address) as connection:
        connection.execute(
            """INSERT INTO model_version_tags (key, value, name, version, workspace)
            SELECT 'checked', gen_random_uuid()::text, name, version, 'default' FROM model_versions
            WHERE name LIKE 'bench-%%' ORDER BY md5(name || version) LIMIT %s
            ON CONFLICT (key, name, version, workspace) DO UPDATE SET value = EXCLUDED.value""",
            [count],
        )
