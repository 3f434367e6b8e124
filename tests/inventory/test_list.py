"""The inventory page: what it lists, narrows, orders and refuses."""

import pytest

from portal.accounts.permissions import Role
from registry.inventory.lifecycle import refresh_models
from registry.inventory.models import RegisteredModel
from tests.factories import (
    THEN,
    make_deployment,
    make_model,
    make_source,
    make_team,
    make_unit,
    make_user,
    make_version,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def viewer(client):
    user = make_user(Role.VIEWER)
    client.force_login(user)
    return user


@pytest.fixture
def shop():
    """Four models that differ in every facet."""
    supply, finance = make_unit("Supply"), make_unit("Finance")
    planning = make_team("Planning", unit=supply)
    risk = make_team("Risk", unit=finance)
    ana, bo = make_user(display_name="Ana Silva"), make_user(display_name="Bo Li")
    lake, lab = make_source("Lake"), make_source("Lab")
    demand = make_model(
        "demand", source=lake, team=planning, owner=ana, risk_tier="T1", description="Weekly units"
    )
    make_version(demand, metrics={"wape": 0.1})
    churn = make_model("churn", source=lake, team=risk, owner=bo, risk_tier="T2")
    make_deployment(make_version(churn, metrics={"roc_auc": 0.8}))
    fraud = make_model("Fraud", source=lab, team=risk, tags={"area": "Refunds"})
    make_version(fraud, metrics={"roc_auc": 0.7})
    make_version(fraud, metrics={"roc_auc": 0.7})
    make_model("zeta", source=lab, gone_at=THEN)
    refresh_models(RegisteredModel.objects.values_list("pk", flat=True))
    return {"supply": supply, "finance": finance, "ana": ana, "bo": bo, "lab": lab, "risk": risk}


def names(response):
    return [model.name for model in response.context["page"]]


def counts(response, facet):
    found = next(f for f in response.context["listing"].facets if f.name == facet)
    return {option.label: option.count for option in found.options if option.count}


def test_lists_by_name_without_regard_to_case(client, viewer, shop):
    response = client.get("/models/")
    assert names(response) == ["churn", "demand", "Fraud", "zeta"]
    assert "HX-Request" in response["Vary"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("tier=T1", ["demand"]),
        ("tier=none", ["Fraud", "zeta"]),
        ("tier=T1&tier=T2", ["churn", "demand"]),
        ("task=classification", ["churn", "Fraud"]),
        ("task=none", ["zeta"]),
        ("lifecycle=deployed", ["churn"]),
        ("lifecycle=gone", ["zeta"]),
        ("lifecycle=registered&task=classification", ["Fraud"]),
        ("owner=none", ["Fraud", "zeta"]),
        ("unit=none", ["zeta"]),
        ("q=WEEKLY+units", ["demand"]),
        ("q=refunds", ["Fraud"]),
        ("q=silva", ["demand"]),
        ("q=finance", ["churn", "Fraud"]),
        ("q=risk+fraud", ["Fraud"]),
        ("q=100%25", []),
        ("q=_", []),
    ],
)
def test_narrows(client, viewer, shop, query, found):
    response = client.get(f"/models/?{query}")
    assert names(response) == found
    assert response.context["listing"].total == len(found)


def test_narrows_by_unit_owner_and_source(client, viewer, shop):
    assert names(client.get(f"/models/?unit={shop['finance'].pk}")) == ["churn", "Fraud"]
    assert names(client.get(f"/models/?owner={shop['ana'].pk}&owner=none")) == [
        "demand",
        "Fraud",
        "zeta",
    ]
    assert names(client.get(f"/models/?source={shop['lab'].pk}")) == ["Fraud", "zeta"]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("name", "churn demand Fraud zeta"),
        ("-name", "zeta Fraud demand churn"),
        ("task", "churn Fraud demand zeta"),
        ("-task", "demand churn Fraud zeta"),
        ("team", "demand churn Fraud zeta"),
        ("owner", "demand churn Fraud zeta"),
        ("-owner", "churn demand Fraud zeta"),
        ("tier", "demand churn Fraud zeta"),
        ("-tier", "churn demand Fraud zeta"),
        ("lifecycle", "churn zeta demand Fraud"),
        ("versions", "zeta churn demand Fraud"),
        ("-versions", "Fraud churn demand zeta"),
        ("card", "demand churn Fraud zeta"),
        ("-card", "churn demand Fraud zeta"),
        ("changed", "churn demand Fraud zeta"),
        ("source", "Fraud zeta churn demand"),
        ("-source", "churn demand Fraud zeta"),
    ],
)
def test_sorts_with_unknown_values_last(client, viewer, shop, sort, order):
    if "card" in sort:
        RegisteredModel.objects.update(card_required=0, card_answered=0)
        for name, answered in (("demand", 2), ("churn", 8)):
            models = RegisteredModel.objects.filter(name=name)
            models.update(card_required=10, card_answered=answered)
    assert " ".join(names(client.get(f"/models/?sort={sort}"))) == order


def test_a_facets_counts_ignore_its_own_choice(client, viewer, shop):
    response = client.get("/models/?tier=T1")
    assert counts(response, "tier") == {"T1 critical": 1, "T2 high": 1, "No tier yet": 2}
    assert counts(response, "task") == {"Forecasting": 1}
    both = client.get("/models/?tier=T1&task=classification")
    assert counts(both, "tier") == {"T2 high": 1, "No tier yet": 1}
    assert counts(both, "task") == {"Forecasting": 1}
    assert counts(both, "source") == {}


def test_my_teams_models(client, shop):
    client.force_login(make_user(Role.DATA_SCIENTIST, team=shop["risk"]))
    assert names(client.get("/models/?mine=1")) == ["churn", "Fraud"]
    client.force_login(make_user(Role.VALIDATOR, unit=shop["supply"]))
    assert names(client.get("/models/?mine=1")) == ["demand"]
    client.force_login(shop["ana"])
    assert names(client.get("/models/?mine=1")) == ["demand"]


def test_htmx_gets_the_results_and_the_counts_alone(client, viewer, shop):
    headers = {"HX-Request": "true", "HX-Target": "results"}
    response = client.get("/models/?q=&tier=T1&sort=name&page=9", headers=headers)
    body = response.content.decode()
    assert "<html" not in body
    assert 'id="search"' not in body
    assert 'hx-swap-oob="innerHTML"' in body
    assert response["HX-Push-Url"] == "/models/?tier=T1"
    whole = client.get("/models/?tier=T1", headers={**headers, "HX-Target": "inventory"})
    assert 'id="search"' in whole.content.decode()
    restored = client.get("/models/", headers={**headers, "HX-History-Restore-Request": "true"})
    assert "<html" in restored.content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "page=abc",
        "page=-1",
        "page=99999999999999999999",
        "size=7",
        "sort=evil",
        "sort=--name",
        "sort=name;drop",
        "owner=99999999999999999999",
        "owner=-1&unit=x&source=1e5",
        "tier=T9&lifecycle=&task=unknown",
        "mine=maybe",
        "q=" + "x" * 5000,
        "q=%F0%9F%92%A5%27%22%3C%5C",
        "q=%ED%A0%80",
        "unknown=1&" + "&".join(f"tier=T{n}" for n in range(150)),
    ],
)
def test_odd_addresses_give_a_sane_page(client, viewer, shop, query):
    assert client.get(f"/models/?{query}").status_code == 200
    assert client.get(f"/models/export.csv?{query}").status_code == 200


def test_a_nul_is_refused(client, viewer):
    assert client.get("/models/?q=%00").status_code == 400


def test_what_was_left_out_is_said(client, viewer, shop):
    body = client.get("/models/?owner=999&sort=evil").content.decode()
    assert "There is no owner “999”." in body
    assert "cannot be sorted by “evil”" in body


def test_names_are_text(client, viewer):
    make_model("<script>alert(1)</script>", description="<img src=x onerror=alert(1)>")
    make_model("n" * 256)
    make_model("Prognose für Öl 名前 🦊")
    refresh_models(RegisteredModel.objects.values_list("pk", flat=True))
    body = client.get("/models/").content.decode()
    assert "<script>alert" not in body
    assert "<img src=x" not in body
    assert "n" * 256 in body
    assert names(client.get("/models/", {"q": "ÖL 名前"})) == ["Prognose für Öl 名前 🦊"]
    searched = client.get("/models/", {"q": '"><script>alert(1)</script>'}).content.decode()
    assert "<script>alert" not in searched


def test_empty_states(client, viewer):
    assert "No model yet" in client.get("/models/").content.decode()
    make_model("one")
    assert "No model matches" in client.get("/models/?q=two").content.decode()


def test_a_stale_source_is_announced(client, viewer):
    make_source("Lake", failing_since=THEN, last_complete_at=THEN)
    body = client.get("/models/").content.decode()
    assert "Lake has not answered since 1 Sep 2026, 09:00 UTC" in body


def test_without_a_role_nothing_is_shown(client):
    make_model("secret")
    client.force_login(make_user(None))
    response = client.get("/models/")
    assert response.status_code == 403
    assert "secret" not in response.content.decode()


def test_pages_do_not_overlap(client, viewer):
    for number in range(60):
        make_model(f"m{number:02}", risk_tier="T1")
    seen = []
    for page in (1, 2, 3):
        seen += names(client.get(f"/models/?size=25&sort=tier&page={page}"))
    assert sorted(seen) == [f"m{number:02}" for number in range(60)]
