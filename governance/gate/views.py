"""The gate's pages: what was asked and answered, a preview, and the public keys."""

import base64
import json

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils.cache import patch_vary_headers

from governance.gate.listing import AnswerListing
from governance.gate.models import GateDecision
from governance.gate.payloads import ours_in
from governance.gate.queries import visible_answers
from governance.gate.services import gate_preview
from governance.gate.statements import StatementBroken, key_id, public_keys, verify
from portal.accounts.access import needs, public
from portal.accounts.actors import actor_of
from portal.fragments import render_part
from registry.deployments.models import Environment
from registry.inventory.queries import visible_versions


@needs({"GET": "gate.view"})
def gate_log(request: HttpRequest) -> HttpResponse:
    """Every answer of the gate."""
    listing = AnswerListing(actor_of(request), request.GET)
    context = {"listing": listing, "page": listing.page}
    return render_part(request, "gate/answer_list.html", context, {"results": "results"})


@needs({"GET": "gate.view"})
def gate_answer(request: HttpRequest, pk: int) -> HttpResponse:
    """One answer, with whether its signature holds."""
    answer = _answer(request, pk)
    context = {"answer": answer, "said": ours_in(answer), "holds": _holds(answer)}
    return render(request, "gate/answer_detail.html", context)


@needs({"GET": "gate.view"})
def gate_statement(request: HttpRequest, pk: int) -> HttpResponse:
    """The signed statement of an answer, as a file that `signet gate verify` reads."""
    answer = _answer(request, pk)
    text = json.dumps(answer.envelope, indent=1)
    name = f"signet-gate-{answer.pk}.json"
    return HttpResponse(
        text,
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@needs({"GET": "gate.check"})
def gate_preview_page(request: HttpRequest, pk: int, version: str) -> HttpResponse:
    """What the gate would answer for a version now; the part alone for htmx."""
    actor = actor_of(request)
    versions = visible_versions(actor).select_related("model__source", "model__team")
    found = get_object_or_404(versions, model_id=pk, version=version)
    wanted = request.GET.get("environment", "")
    environment = wanted if wanted in Environment.values else Environment.PRODUCTION.value
    judgement = gate_preview(actor=actor, version=found, environment=environment)
    context = {
        "judgement": judgement,
        "version": found,
        "environment": environment,
        "environments": Environment.choices,
    }
    part = request.htmx and not request.htmx.history_restore_request
    template = "gate/_preview.html" if part else "gate/preview.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@public
def signet_keys(request: HttpRequest) -> HttpResponse:
    """The public keys that check what Signet signs, as a JSON Web Key Set with the hex beside."""
    keys = [
        {
            "kty": "OKP",
            "crv": "Ed25519",
            "use": "sig",
            "alg": "EdDSA",
            "kid": key_id(key),
            "x": base64.urlsafe_b64encode(bytes.fromhex(key)).decode().rstrip("="),
            "hex": key,
        }
        for key in public_keys()
    ]
    return JsonResponse({"keys": keys}, headers={"Cache-Control": "max-age=300"})


def _answer(request: HttpRequest, pk: int) -> GateDecision:
    answers = visible_answers(actor_of(request)).select_related("version__model", "request")
    return get_object_or_404(answers, pk=pk)


def _holds(answer: GateDecision) -> bool:
    try:
        verify(answer.envelope, public_keys())
    except StatementBroken:
        return False
    return True
