"""How the demo speaks to MLflow: through its client, quietly, at the address of the settings."""

import logging
import os
import urllib.error
import urllib.request
import warnings

from django.conf import settings

from portal.errors import Upstream

# The progress of the demo is ours to tell; MLflow's own lines would bury it.
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
}


def prepare() -> None:
    """Point MLflow's client at the server; Upstream when nothing answers there."""
    os.environ["MLFLOW_TRACKING_URI"] = settings.MLFLOW_URI
    os.environ.update(QUIET)
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module="mlflow")
    try:
        # The client itself would try again for four minutes before it says so.
        urllib.request.urlopen(f"{settings.MLFLOW_URI}/health", timeout=5).close()  # noqa: S310
    except (urllib.error.URLError, OSError) as error:
        raise Upstream(
            f"MLflow does not answer at {settings.MLFLOW_URI}: {error}. Start it, or set "
            "MLFLOW_TRACKING_URI to the address of yours, then run this again.",
            permanent=False,
        ) from None
