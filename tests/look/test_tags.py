"""The building blocks that templates call."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django import forms
from django.core.paginator import Paginator
from django.template import engines
from django.test import RequestFactory

from portal.choices import Toned
from portal.jobs.models import Job, JobState
from portal.templatetags.portal import age

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def render(source: str, address: str = "/models/", **context: Any) -> str:
    request = RequestFactory().get(address)
    template = engines["django"].from_string("{% load portal %}" + source)
    return template.render({"request": request, **context})


def test_a_badge_takes_label_colour_and_icon_from_the_choice() -> None:
    html = render("{% badge job.get_state_display %}", job=Job(state=JobState.FAILED))
    assert "tone-red" in html
    assert "#alert-triangle" in html
    assert "Failed" in html


def test_a_badge_of_the_member_itself_and_of_plain_text() -> None:
    assert "tone-green" in render("{% badge state %}", state=JobState.DONE)
    assert "tone-grey" in render("{% badge 'Draft' %}")
    assert "tone-orange" in render("{% badge 'Demo' tone='orange' %}")


def test_a_badge_escapes_what_it_shows() -> None:
    assert "&lt;b&gt;" in render("{% badge label %}", label=Toned("<b>", "red"))


def test_an_unknown_tone_or_icon_is_refused_and_says_where_to_look() -> None:
    with pytest.raises(ValueError, match="is not a tone"):
        render("{% badge 'x' tone='beige' %}")
    with pytest.raises(ValueError, match="VERSIONS"):
        render("{% icon 'no-such-icon' %}")


def test_an_icon_is_decoration_unless_it_has_a_label() -> None:
    assert 'aria-hidden="true"' in render("{% icon 'check' %}")
    assert 'aria-label="Locked &lt;"' in render("{% icon 'lock' label %}", label="Locked <")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "under a minute"),
        (59.9, "under a minute"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (86_399, "23 h"),
        (86_400, "1 day"),
        (86_400 * 2, "2 days"),
        (86_400 * 30, "1 month"),
        (86_400 * 364, "12 months"),
        (86_400 * 365, "1 year"),
    ],
)
def test_an_age_is_rounded_down(seconds: float, text: str) -> None:
    assert age(seconds) == text


@time_machine.travel(NOW, tick=False)
def test_times_show_one_form_and_hint_at_the_other() -> None:
    past = NOW - timedelta(minutes=5)
    assert "5 min ago" in render("{% ago at %}", at=past)
    assert "24 Nov 2026, 07:55:00 UTC" in render("{% ago at %}", at=past)
    assert "in 5 min" in render("{% ago at %}", at=NOW + timedelta(minutes=5))
    assert 'title="5 min ago"' in render("{% when at %}", at=past)
    assert "Not yet" in render("{% ago at otherwise='Not yet' %}", at=None)


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), ("", "–"), (1234567, "1,234,567"), (0.123456, "0.1235"), (True, "True")],
)
def test_figures(value: Any, text: str) -> None:
    assert render("{{ value|figure }}", value=value) == text


def test_an_address_keeps_what_it_does_not_change() -> None:
    html = render("{% address page=2 q=None %}", "/models/?q=a&tier=T1&tier=T2&page=9")
    assert html == "?tier=T1&amp;tier=T2&amp;page=2"


def test_a_sorted_column_says_so_and_turns_round() -> None:
    html = render("{% sort_header 'Name' 'name' %}", "/models/?sort=name&page=4&q=x")
    assert 'aria-sort="ascending"' in html
    assert 'href="?sort=-name&amp;q=x"' in html
    assert "aria-sort" not in render("{% sort_header 'Name' 'name' %}", "/models/?sort=owner")


def test_paging_links_are_real_addresses_that_htmx_shortens() -> None:
    page = Paginator(range(100), 10).page(5)
    html = render("{% pagination page %}", "/models/?q=x", page=page)
    assert "41–50 of 100" in html
    assert 'href="?q=x&amp;page=6" hx-get="?q=x&amp;page=6" hx-target="#results"' in html
    assert 'aria-current="page">5<' in html


def test_one_page_has_no_links() -> None:
    assert "<ul>" not in render("{% pagination page %}", page=Paginator([1], 10).page(1))


class NameForm(forms.Form):
    name = forms.CharField(help_text="As people call it.")


def test_a_field_ties_label_help_and_errors_together() -> None:
    html = render("{% form_fields form %}", form=NameForm({"name": ""}))
    assert '<label for="id_name">' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="id_name_helptext"' in html
    assert 'id="id_name_error"' in html


def test_a_field_without_help_points_at_none() -> None:
    assert "helptext" not in render("{% field form.name help=False %}", form=NameForm())


def test_a_chart_carries_its_figure_as_data_and_as_a_table() -> None:
    html = render(
        "{% chart 'auc' figure 'AUC' table %}",
        figure={"data": [{"name": "</script><b>"}], "layout": {}},
        table={"columns": ["Version"], "rows": [["1"]]},
    )
    assert '<script id="auc-figure" type="application/json">' in html
    assert "</script><b>" not in html
    assert "<td>1</td>" in html
