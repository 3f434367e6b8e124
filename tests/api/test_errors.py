"""The same failure as a page, as a fragment and as a problem; and the log line about it."""

import logging

import pytest
from django.db import OperationalError
from django.test import Client, RequestFactory

from portal import views
from portal.accounts.permissions import Role
from portal.logs import OneLine, request_id
from tests.factories import make_user

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def reader() -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(make_user(Role.VIEWER), backend=BACKEND)
    return client


@pytest.mark.parametrize(
    ("error", "status"), [(OperationalError("gone"), 503), (ValueError("secret text"), 500)]
)
@pytest.mark.parametrize("kind", ["page", "fragment", "api"])
def test_a_failure_of_ours(django_assert_num_queries, error, status, kind):
    headers = {"hx-request": "true"} if kind == "fragment" else {}
    path = "/api/v1/models/" if kind == "api" else "/models/"
    request = RequestFactory().get(path, headers=headers)
    request.request_id = "abc-123-def"
    with django_assert_num_queries(0):
        try:
            raise error
        except type(error):
            answer = views.server_error(request)
    assert answer.status_code == status
    assert b"secret text" not in answer.content
    marks = {"page": b"abc-123-def", "fragment": b"data-error", "api": b'"request_id"'}
    assert marks[kind] in answer.content
    assert answer.content.startswith(b"<!doctype") is (kind == "page")


@pytest.mark.parametrize("path", ["/nothing/", "/models/99999999999999999999/", "/people/"])
def test_a_fragment_stays_a_fragment(reader, path):
    answer = reader.get(path, headers={"hx-request": "true"})
    assert answer.status_code in (403, 404)
    assert b"data-error" in answer.content
    assert b"<html" not in answer.content


def test_a_fragment_for_a_stranger_leads_the_whole_page_to_the_sign_in():
    answer = Client().get("/models/", headers={"hx-request": "true"})
    assert answer.status_code == 401
    assert answer["HX-Redirect"] == "/accounts/login/?next=/models/"


def test_a_wrong_host_is_refused_even_before_anybody_knows_who_asks():
    assert Client().get("/models/", headers={"host": "evil.example"}).status_code == 400
    assert Client().get("/api/v1/models/", headers={"host": "evil"}).status_code == 400


def test_a_nul_in_a_form_is_refused(reader):
    answer = reader.post("/accounts/password/change/", {"oldpassword": "a\x00b"})
    assert answer.status_code == 400
    assert b"NUL" in answer.content


@pytest.mark.parametrize(
    "given", ["abcdef12-3456", "x", "a b c d e f g h", "<script>alert</script>"]
)
def test_a_request_keeps_a_sensible_id_of_its_caller(reader, given):
    answer = reader.get("/models/", headers={"x-request-id": given})
    assert (answer["X-Request-Id"] == given) is (given == "abcdef12-3456")


def test_a_log_line_names_its_request_and_stays_one_line():
    line = OneLine("%(levelname)s [%(request_id)s] %(message)s")
    record = logging.LogRecord("x", logging.INFO, "", 0, "asked for %s", ("a\nERROR b",), None)
    mark = request_id.set("abcdef12")
    try:
        assert line.format(record) == "INFO [abcdef12] asked for a\\x0aERROR b"
    finally:
        request_id.reset(mark)
