"""From a source's row to the connector that speaks with it."""

from urllib.parse import urlsplit, urlunsplit

from django.conf import settings

from registry.connectors.base import Connector
from registry.connectors.mlflow import CAPABILITIES, MlflowConnector
from registry.sources.models import Source, SourceKind

CAPABILITIES_OF = {SourceKind.MLFLOW: CAPABILITIES}


def plain_address(url: str) -> str:
    """A URL without the user name and password that it may carry, fit to be stored and shown."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])).rstrip("/")


def connector_of(source: Source) -> Connector:
    """A connector to close afterwards; the settings' credentials go to their own server only."""
    ours = plain_address(settings.MLFLOW_URI) == source.base_url
    if not ours:
        return MlflowConnector(source.base_url, secret=settings.MLFLOW_WEBHOOK_SECRET)
    return MlflowConnector(
        settings.MLFLOW_URI,
        username=settings.MLFLOW_USERNAME,
        password=settings.MLFLOW_PASSWORD,
        token=settings.MLFLOW_TOKEN,
        secret=settings.MLFLOW_WEBHOOK_SECRET,
    )
