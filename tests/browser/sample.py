"""A page with every building block in use, for the tests of the look alone."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import include, path
from django.utils import timezone

from portal.context import ACCOUNT, NAVIGATION
from portal.errors import Conflict
from registry.inventory.models import Lifecycle, RiskTier

HERE = Path(__file__).parent


class SampleForm(forms.Form):
    """One field of each kind."""

    name = forms.CharField(help_text="As people call it.")
    tier = forms.ChoiceField(choices=RiskTier.choices)
    purpose = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}), required=False)
    roles = forms.MultipleChoiceField(
        choices=[("a", "Owner"), ("b", "Validator")], widget=forms.CheckboxSelectMultiple
    )
    agree = forms.BooleanField(label="I have read the card")


def rows() -> list[dict[str, Any]]:
    """Plausible models."""
    names = ("basket-forecast-nl", "churn-loyalty-card", "returns-fraud", "price-elasticity-fresh")
    states, tiers = list(Lifecycle), list(RiskTier)
    return [
        {
            "name": f"{names[i % 4]}-{i}",
            "lifecycle": states[i % 5],
            "tier": tiers[i % 4],
            "auc": 0.81234 + i / 1000,
            "seen": timezone.now() - timedelta(minutes=7**i % 9000),
        }
        for i in range(9)
    ]


def figure() -> tuple[dict[str, Any], dict[str, Any]]:
    """A metric over versions, as a figure and as a table."""
    x, y = ["1", "2", "3", "4"], [0.81, 0.84, 0.79, 0.88]
    drawn = {
        "data": [{"type": "scatter", "mode": "lines+markers", "x": x, "y": y, "name": "roc_auc"}],
        "layout": {"xaxis": {"title": {"text": "Version"}}},
    }
    return drawn, {"columns": ["Version", "roc_auc"], "rows": list(zip(x, y, strict=True))}


def sample(request: HttpRequest) -> HttpResponse:
    """The page, or only its rows for htmx."""
    drawn, table = figure()
    context = {
        "rows": rows(),
        "page": Paginator(range(1240), 25).page(int(request.GET.get("page", 3))),
        "form": SampleForm(request.POST or {"name": "", "tier": "T2"}),
        "figure": drawn,
        "table": table,
        "facet": {
            "name": "tier",
            "label": "Risk tier",
            "chosen": 1,
            "options": [
                {"value": v, "label": text, "count": 12, "chosen": v == "T1"}
                for v, text in RiskTier.choices
            ],
        },
        "facts": [
            ("Owner", "Mara Lindqvist"),
            ("Team", "Fresh food"),
            ("Digest", "9f2c" * 12),
            ("Retires", None),
        ],
        "banners": [
            {"level": "warning", "text": "MLflow has not answered since 08:05 UTC.", "url": "#"}
        ],
    }
    source = (HERE / "sample.html").read_text(encoding="utf-8")
    return HttpResponse(engines["django"].from_string(source).render(context, request))


def conflict(request: HttpRequest) -> HttpResponse:
    """Always fails as a stale form does."""
    raise Conflict("Noor changed the tier two minutes ago. Reload the page to see it.")


handler404 = "portal.views.not_found"
# The navigation leads to the sample itself, so that these tests depend on no other page.
urlpatterns = [
    path("sample/", sample, name="home"),
    path("sample/conflict/", conflict),
    path("accounts/", include("portal.accounts.sign_in_urls")),
    *(path(f"sample/{name}/", sample, name=name) for _, _, name, _ in (*NAVIGATION, *ACCOUNT[:1])),
]
