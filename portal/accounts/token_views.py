"""The page about API tokens."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from portal.accounts import services
from portal.accounts.access import needs
from portal.accounts.actors import actor_of
from portal.accounts.forms import TokenForm, submit
from portal.accounts.permissions import allowed
from portal.accounts.queries import visible_tokens


@needs("token.own")
def token_list(request: HttpRequest) -> HttpResponse:
    """One's tokens, and the form for a new one, whose text stands in the answer this once."""
    actor = actor_of(request)
    if request.method != "POST":
        return _page(request, TokenForm(actor=actor))
    form = TokenForm(request.POST, actor=actor)
    made = submit(
        form,
        lambda values: services.token_create(
            actor=actor,
            name=values["name"],
            scopes=values["scopes"],
            team=values["team"],
            lifetime=form.lifetime,
        ),
    )
    if made is None:
        return _page(request, form, status=422)
    return _page(request, TokenForm(actor=actor), made=made)


@needs({"POST": "token.own"})
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """End a token; somebody else's is not there unless one may revoke any."""
    actor = actor_of(request)
    token = visible_tokens(actor).filter(pk=pk).first()
    if token is None:
        raise Http404
    services.token_revoke(actor=actor, token_id=token.pk)
    messages.success(request, f"The token {token} has ended.")
    return redirect("token_list")


def _page(
    request: HttpRequest, form: TokenForm, *, made: tuple | None = None, status: int = 200
) -> HttpResponse:
    actor = actor_of(request)
    context = {
        "tokens": visible_tokens(actor)[:500],
        "sees_all": allowed(actor, "token.revoke_any"),
        "form": form,
        "made": made,
        "now": timezone.now(),
    }
    return render(request, "people/token_list.html", context, status=status)
