"""MLflow's server in one process: `mlflow server` imports MLflow twice, which doubles its start."""

import os
import sys


def main(port: int) -> None:
    """Make MLflow's tables if need be and serve until told to stop."""
    import uvicorn
    from mlflow.server import constants, handlers

    store = os.environ["SIGNET_MLFLOW_STORE"]
    artifacts = os.environ["SIGNET_MLFLOW_ARTIFACTS"]
    root = "mlflow-artifacts:/"
    os.environ[constants.BACKEND_STORE_URI_ENV_VAR] = store
    os.environ[constants.REGISTRY_STORE_URI_ENV_VAR] = store
    os.environ[constants.ARTIFACT_ROOT_ENV_VAR] = root
    os.environ[constants.ARTIFACTS_DESTINATION_ENV_VAR] = artifacts
    os.environ[constants.SERVE_ARTIFACTS_ENV_VAR] = "true"
    handlers.initialize_backend_stores(store, store, root)
    uvicorn.run("mlflow.server.fastapi_app:app", host="127.0.0.1", port=port, access_log=False)


if __name__ == "__main__":
    main(int(sys.argv[1]))
