"""MLflow's webhooks: telling a delivery from a forgery, and keeping the subscription right."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from portal.errors import Upstream
from registry.connectors import untrusted
from registry.connectors.base import (
    BadAnswer,
    BadEvent,
    BadSignature,
    Forbidden,
    Hint,
    Subscription,
)
from registry.connectors.http import Http

PATH = "/api/2.0/mlflow/webhooks"
NAME = "signet"
MAX_AGE = timedelta(minutes=5)
EVENTS = [
    {"entity": entity, "action": action}
    for entity, action in (
        ("REGISTERED_MODEL", "CREATED"),
        ("MODEL_VERSION", "CREATED"),
        ("MODEL_VERSION_TAG", "SET"),
        ("MODEL_VERSION_TAG", "DELETED"),
        ("MODEL_VERSION_ALIAS", "CREATED"),
        ("MODEL_VERSION_ALIAS", "DELETED"),
    )
]
HOW_TO_ALLOW = (
    "By default MLflow sends change notices only to https addresses on the public internet. Start "
    "the MLflow server with MLFLOW_WEBHOOK_ALLOWED_SCHEMES=http,https and "
    "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS=true, or do without: the full scan finds every change."
)


def sign(secret: str, delivery_id: str, timestamp: str, body: bytes) -> str:
    """The signature that MLflow puts on a delivery."""
    content = f"{delivery_id}.{timestamp}.".encode() + body
    digest = hmac.new(secret.encode(), content, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def parse(headers: Mapping[str, str], body: bytes, now: datetime, secret: str) -> Hint:
    """The hint in a delivery that is signed with `secret` and at most five minutes old."""
    delivery_id = headers.get("X-MLflow-Delivery-Id", "")
    timestamp = headers.get("X-MLflow-Timestamp", "")
    signature = headers.get("X-MLflow-Signature", "")
    if not secret:
        raise BadSignature("No secret is set, so nothing can be told from a forgery.")
    if (
        not untrusted.storable(delivery_id, 80)
        or not timestamp.isascii()
        or not timestamp.isdigit()
    ):
        raise BadEvent("The delivery's headers are not MLflow's.")
    expected = sign(secret, delivery_id, timestamp, body)
    # Several signatures may be listed while a secret is being changed.
    offered = signature.split(" ")[:5]
    if not any(hmac.compare_digest(expected.encode(), one.encode()) for one in offered):
        raise BadSignature("The signature does not fit the secret.")
    if abs(now.timestamp() - int(timestamp[:15])) > MAX_AGE.total_seconds():
        raise BadSignature("The delivery is older than five minutes.")
    return _hint(delivery_id, body)


def _hint(delivery_id: str, body: bytes) -> Hint:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise BadEvent("The delivery is not JSON.") from None
    content = untrusted.mapping(found)
    model = untrusted.mapping(content.get("data")).get("name")
    entity = content.get("entity")
    if not untrusted.storable(model, 256) or not untrusted.storable(entity, 60):
        raise BadEvent("The delivery names no model.")
    return Hint(delivery_id=delivery_id, entity=str(entity), model=str(model))


def subscribe(http: Http, url: str, secret: str) -> Subscription:
    """Make or mend the one webhook that points at `url`, then have MLflow send a trial."""
    try:
        ours = _ours(http, url)
        wanted = {"name": NAME, "url": url, "events": EVENTS, "secret": secret, "status": "ACTIVE"}
        if ours:
            webhook_id = ours[0]
            http.json("PATCH", f"{PATH}/{quote(webhook_id, safe='')}", body=wanted)
        else:
            webhook_id = _id(http.json("POST", PATH, body=wanted).get("webhook"))
        for spare in ours[1:]:
            http.json("DELETE", f"{PATH}/{quote(spare, safe='')}")
        return Subscription(webhook_id, _trial(http, webhook_id, url))
    except Forbidden as problem:
        return Subscription("", f"{problem} Change notices can be set up by an MLflow admin only.")
    except BadAnswer as problem:
        about_address = any(word in str(problem) for word in ("scheme", "public", "IP address"))
        why = HOW_TO_ALLOW if about_address else ""
        return Subscription("", f"MLflow will not send notices to {url}. {problem} {why}".strip())


def unsubscribe(http: Http, url: str) -> None:
    """Remove every webhook that points at `url`."""
    for webhook_id in _ours(http, url):
        http.json("DELETE", f"{PATH}/{quote(webhook_id, safe='')}")


def _ours(http: Http, url: str) -> list[str]:
    """The ids of the webhooks that point at `url`, oldest first."""
    found = http.json("GET", PATH, params={"max_results": 100})
    listed = [item for item in untrusted.objects(found.get("webhooks")) if item.get("url") == url]
    listed.sort(key=lambda item: untrusted.number(item.get("creation_timestamp")) or 0)
    return [_id(item) for item in listed]


def _id(item: Any) -> str:
    webhook_id = untrusted.mapping(item).get("webhook_id")
    if not untrusted.storable(webhook_id, 80):
        raise BadAnswer("MLflow gave its webhook no id.")
    return str(webhook_id)


def _trial(http: Http, webhook_id: str, url: str) -> str:
    """What keeps a trial delivery from arriving; nothing when it arrived."""
    try:
        answer = http.json("POST", f"{PATH}/{quote(webhook_id, safe='')}/test", body={})
    except Upstream as problem:
        return f"MLflow could not try the notice. {problem}"
    result = untrusted.mapping(answer.get("result"))
    if result.get("success") is True:
        return ""
    status = untrusted.text(result.get("response_status"), 12)
    said = f"it answered {status}" if status else untrusted.text(result.get("error_message"), 200)
    return f"MLflow cannot deliver notices to {url}: {said or 'no reason given'}."
