"""Comments on a card's fields: threads, who may, what they were about, and no way to run."""

from datetime import timedelta
from html import unescape

import pytest
from django.utils import timezone

from portal.accounts.actors import person
from portal.accounts.permissions import Role
from portal.errors import Conflict, Denied, Invalid
from portal.trail.models import TrailEvent
from registry.cards.comments.models import CardComment
from registry.cards.comments.queries import open_comments
from registry.cards.comments.services import (
    comment_add,
    comment_edit,
    comment_reopen,
    comment_reply,
    comment_resolve,
)
from registry.cards.services import card_save
from tests.cards.facts import make_full_version, make_owned_model, scientist_of, written
from tests.cards.test_api import at as api_at
from tests.cards.test_api import caller
from tests.factories import make_actor, make_team, make_user

pytestmark = pytest.mark.django_db
MAY = {
    Role.DATA_SCIENTIST, Role.MODEL_OWNER, Role.VALIDATOR, Role.DATA_GOVERNANCE,
    Role.BUSINESS_OWNER, Role.SECURITY, Role.ML_OPS, Role.PRIVACY, Role.EXECUTIVE,
    Role.GOVERNANCE_LEAD,
}  # fmt: skip


@pytest.fixture
def version():
    return make_full_version(make_owned_model("demand", description="Forecasts sales."))


def at(version, more=""):
    return f"/models/{version.model_id}/versions/{version.version}/card/{more}"


def said(version, text="Which shops?", key="overview", actor=None):
    return comment_add(
        actor=actor or scientist_of(version), version_id=version.pk, field_key=key, text=text
    )


def page_of(client, version, key="overview"):
    return unescape(client.get(at(version, f"fields/{key}/")).content.decode())


@pytest.mark.parametrize("role", list(Role))
def test_those_who_work_on_cards_or_sign_may_comment(client, version, role):
    client.force_login(make_user(role, team=make_team()))
    response = client.post(at(version, "fields/overview/comment/"), {"text": "Which shops?"})
    assert response.status_code == (302 if role in MAY else 403)
    assert CardComment.objects.count() == (role in MAY)
    assert ("Your comment" in page_of(client, version)) is (role in MAY)
    event = TrailEvent.objects.filter(verb="card.comment").first()
    if role in MAY:
        assert event.facts["after"]["text"] == "Which shops?"


def test_a_thread_is_answered_resolved_and_reopened(client, version):
    client.force_login(make_user(Role.VALIDATOR, display_name="Eva Horak"))
    client.post(at(version, "fields/overview/comment/"), {"text": "Which **shops**?"})
    client.post(at(version, "comments/1/reply/"), {"text": "All of them."})
    client.post(at(version, "comments/2/reply/"), {"text": "Thanks."})
    first, second, third = CardComment.objects.order_by("number")
    assert (second.parent, third.parent) == (first, first)
    assert open_comments(version) == {"overview": 1}
    page = page_of(client, version)
    assert "<strong>shops</strong>" in page
    assert "All of them." in page
    client.post(at(version, "comments/1/resolve/"))
    assert open_comments(version) == {}
    assert "Resolved by Eva Horak" in page_of(client, version)
    assert client.post(at(version, "comments/1/reply/"), {"text": "But"}).status_code == 409
    client.post(at(version, "comments/1/reopen/"))
    assert open_comments(version) == {"overview": 1}
    verbs = list(TrailEvent.objects.order_by("seq").values_list("verb", flat=True))
    assert [verb for verb in verbs if "comment" in verb] == [
        "card.comment", "card.comment", "card.comment", "card.comment_resolve",
        "card.comment_reopen",
    ]  # fmt: skip


def test_settling_twice_is_one_event(version):
    said(version)
    for _ in range(2):
        comment_resolve(actor=scientist_of(version), version_id=version.pk, number=1)
    assert TrailEvent.objects.filter(verb="card.comment_resolve").count() == 1
    for _ in range(2):
        comment_reopen(actor=scientist_of(version), version_id=version.pk, number=1)
    assert TrailEvent.objects.filter(verb="card.comment_reopen").count() == 1


def test_own_words_can_be_corrected_for_a_quarter_of_an_hour(version):
    author = scientist_of(version)
    said(version, actor=author)
    changed = comment_edit(actor=author, version_id=version.pk, number=1, text="Which regions?")
    assert changed.edited_at
    before = TrailEvent.objects.get(verb="card.comment_edit").facts["before"]
    assert before["text"] == "Which shops?"
    with pytest.raises(Denied, match="Only its author"):
        comment_edit(actor=scientist_of(version), version_id=version.pk, number=1, text="Mine")
    early = timezone.now() - timedelta(minutes=16)
    CardComment.objects.update(created_at=early)
    with pytest.raises(Conflict, match="15 minutes"):
        comment_edit(actor=author, version_id=version.pk, number=1, text="Too late")
    assert CardComment.objects.get().text == "Which regions?"


def test_a_comment_remembers_the_text_it_was_about(client, version):
    actor = scientist_of(version)
    said(version)
    client.force_login(make_user(Role.VIEWER))
    assert "Written about an earlier text" not in page_of(client, version)
    card_save(
        actor=actor, version_id=version.pk, base_revision=0,
        changes={"business_problem": written("Waste.")},
    )  # fmt: skip
    assert "Written about an earlier text" not in page_of(client, version)
    card_save(
        actor=actor, version_id=version.pk, base_revision=1,
        changes={"overview": written("Forecasts returns.")},
    )  # fmt: skip
    page = page_of(client, version)
    assert "Written about an earlier text" in page
    assert "Forecasts sales." in page
    assert "Forecasts returns." in page


def test_the_same_text_written_by_a_person_is_no_other_text(client, version):
    said(version)
    card_save(
        actor=scientist_of(version), version_id=version.pk, base_revision=0,
        changes={"overview": written("Forecasts sales.")},
    )  # fmt: skip
    client.force_login(make_user(Role.VIEWER))
    assert "Written about an earlier text" not in page_of(client, version)


def test_fields_without_an_answer_and_the_whole_card_take_comments(client, version):
    said(version, key="on_call", text="Who?")
    said(version, key="", text="Well done.")
    client.force_login(make_user(Role.VIEWER))
    assert "Well done." in page_of(client, version, "whole-card")
    page = unescape(client.get(at(version)).content.decode())
    assert page.count("1 open comment<") == 3  # the field, its section, the whole card
    assert open_comments(version) == {"on_call": 1, "": 1}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Write what you want to say"), ("  \n ", "Write what you want to say"),
        ("x" * 5_001, "at most 5,000"), ("a\x07b", "control character"),
    ],
)  # fmt: skip
def test_what_cannot_be_said_comes_back_with_the_reason(client, version, text, why):
    client.force_login(make_user(Role.VALIDATOR))
    response = client.post(at(version, "fields/overview/comment/"), {"text": text})
    assert response.status_code == 422
    page = unescape(response.content.decode())
    assert why in page
    assert text.strip() in page
    assert not CardComment.objects.exists()


def test_unknown_fields_and_comments(client, version):
    with pytest.raises(Invalid):
        said(version, key="nonsense")
    with pytest.raises(Conflict):
        comment_reply(actor=scientist_of(version), version_id=version.pk, number=9, text="x")
    client.force_login(make_user(Role.VALIDATOR))
    for action in ("reply", "edit", "resolve", "reopen"):
        response = client.post(at(version, f"comments/9/{action}/"), {"text": "x"})
        assert response.status_code == 404
    said(version)
    other = make_full_version(version.model)
    assert client.post(at(other, "comments/1/resolve/")).status_code == 404


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>", "[x](javascript:alert(1))", "<img src=x onerror=alert(1)>",
        "![x](https://evil.example/x.png)", '<a hx-get="/x" hx-trigger="load">y</a>',
    ],
)  # fmt: skip
def test_words_stay_words(client, version, text):
    said(version, text=text)
    client.force_login(make_user(Role.VIEWER))
    page = client.get(at(version, "fields/overview/")).content.decode()
    shown = page.split('class="comment"')[1].split("</article>")[0]
    for live in ("<script", "<img", "<a hx", 'href="javascript'):
        assert live not in shown


def test_beside_the_card_only_the_panel_is_sent(client, version):
    client.force_login(make_user(Role.VALIDATOR))
    headers = {"HX-Request": "true"}
    fragment = client.get(at(version, "fields/overview/"), headers=headers).content.decode()
    assert "<html" not in fragment
    assert "hx-post" in fragment
    body = {"text": "Which shops?"}
    address = at(version, "fields/overview/comment/")
    answer = client.post(address, body, headers=headers).content.decode()
    assert 'id="notes-overview" hx-swap-oob="true"' in answer
    assert "1 open comment" in answer
    assert client.post(address, {"text": ""}, headers=headers).status_code == 422


def test_programs_comment_by_the_same_rules(version):
    writer = caller(version, "read", "cards:write")
    address = api_at(version, "comments/")

    def post(more, body, status=201, client=writer):
        answer = client.post(f"{address}{more}", body, content_type="application/json")
        assert answer.status_code == status, answer.content
        return answer.json()

    made = post("", {"field": "overview", "text": "Which shops?"})
    assert (made["number"], made["about"], made["about_earlier"]) == (1, "Forecasts sales.", False)
    assert post("1/replies/", {"text": "All."})["reply_to"] == 1
    assert post("1/resolve/", {}, 200)["resolved_at"]
    assert post("1/replies/", {"text": "But"}, 409)["type"].endswith("comment-resolved")
    assert post("1/reopen/", {}, 200)["resolved_at"] is None
    changed = writer.patch(f"{address}1/", {"text": "Which?"}, content_type="application/json")
    assert changed.json()["text"] == "Which?"
    listed = writer.get(address).json()
    assert [row["text"] for row in listed["results"]] == ["Which?", "All."]
    assert writer.get(f"{address}1/").status_code == 200
    for body in (
        {},
        {"text": ""},
        {"text": "x", "field": "nonsense"},
        {"text": "x", "author": "y"},
    ):
        post("", body, 400)
    post("", {"text": "x"}, 403, caller(version, "read"))
    post("", {"text": "x"}, 403, caller(version, "read", "cards:write", role=Role.VIEWER))
    other = caller(version, "read", "cards:write")
    stolen = other.patch(f"{address}1/", {"text": "Mine"}, content_type="application/json")
    assert stolen.status_code == 403


def test_a_person_without_an_account_any_more_keeps_their_words(version):
    user = make_user(Role.VALIDATOR, display_name="Eva Horak")
    said(version, actor=person(user))
    user.delete()
    found = CardComment.objects.get()
    assert (found.author, found.author_name) == (None, "Eva Horak")
    with pytest.raises(Denied):
        comment_edit(
            actor=make_actor(Role.VALIDATOR), version_id=version.pk, number=1, text="Mine now"
        )
