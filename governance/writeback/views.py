"""The page about how a source's versions are promoted, and what was written there."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from governance.promotion.forms import StyleForm
from governance.writeback.models import WriteState
from governance.writeback.queries import visible_writebacks, writebacks_of
from governance.writeback.services import style_of, style_set, writeback_retry
from portal.accounts.access import needs
from portal.accounts.actors import actor_of
from portal.accounts.permissions import allowed
from portal.errors import Conflict, Invalid
from registry.sources.queries import visible_sources

ROWS_A_PAGE = 50


@needs({"GET": "source.view", "POST": "writeback.manage"})
def source_promotion(request: HttpRequest, pk: int) -> HttpResponse:
    """How versions of a source are promoted, and everything that was written to it."""
    actor = actor_of(request)
    source = get_object_or_404(visible_sources(actor), pk=pk)
    row = style_of(source)
    shown = {"style": row.style, "restore_bypasses": row.restore_bypasses}
    form, status = StyleForm(request.POST or None, initial=shown), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                style_set(actor=actor, source_id=pk, **form.cleaned_data)
            except Invalid as error:
                form.add_error(None, error.message)
            else:
                messages.success(request, "It is kept how versions are promoted.")
                return redirect("source_promotion", pk=pk)
    found = writebacks_of(actor, source)
    context = {
        "source": source,
        "style": row,
        "form": form,
        "may_manage": allowed(actor, "writeback.manage"),
        "page": Paginator(found, ROWS_A_PAGE).get_page(request.GET.get("page")),
        "waiting": found.filter(state=WriteState.WAITING).count(),
        "refused": found.filter(state=WriteState.REFUSED).count(),
    }
    return render(request, "promotion/source.html", context, status=status)


@require_POST
@needs({"POST": "writeback.manage"})
def writeback_retry_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Try a refused write-back again."""
    actor = actor_of(request)
    row = get_object_or_404(visible_writebacks(actor).select_related("version__model"), pk=pk)
    try:
        writeback_retry(actor=actor, writeback_id=pk)
        messages.success(request, "It is tried again now.")
    except Conflict as error:
        messages.error(request, error.message)
    return redirect("source_promotion", pk=row.version.model.source_id)
