"""The door for MLflow's change notices: checked, written down, answered at once."""

import logging
from dataclasses import replace

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from portal.accounts.access import public
from portal.actors import Actor, service
from registry.connectors.base import BadEvent, BadSignature
from registry.connectors.mlflow_events import parse
from registry.sources.connect import plain_address
from registry.sources.models import Source, SourceKind
from registry.sources.services import hint_take

MOST_BYTES = 64 * 1024
logger = logging.getLogger(__name__)


@public
@csrf_exempt
def mlflow_webhook(request: HttpRequest) -> HttpResponse:
    """Take a signed notice: 204 taken, 409 taken before, 401 forged or old, 400 no notice."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    body = request.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        return answer(413, f"A notice has at most {MOST_BYTES} bytes.")
    try:
        hint = parse(request.headers, body, timezone.now(), settings.MLFLOW_WEBHOOK_SECRET)
    except BadSignature as problem:
        logger.warning("change notice refused: %s", problem)
        return answer(401, str(problem))
    except BadEvent as problem:
        return answer(400, str(problem))
    source = Source.objects.filter(
        kind=SourceKind.MLFLOW, base_url=plain_address(settings.MLFLOW_URI)
    ).first()
    if source is None:
        return answer(400, "Signet does not know this source yet; it will after its first sync.")
    taken = hint_take(actor=acting(request), source=source, hint=hint)
    return answer(204) if taken else answer(409, "This notice was taken before.")


def acting(request: HttpRequest) -> Actor:
    """The sync service, on behalf of the server that sent the notice."""
    return replace(service("sync", on_behalf_of="MLflow"), request_id=request.request_id)


def answer(status: int, text: str = "") -> HttpResponse:
    """A short plain answer."""
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
