"""What the log of requests keeps of an address, and which request a line names."""

import logging

import pytest

from portal.access_log import without_secrets
from portal.logs import OneLine


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("GET /models/?q=a HTTP/1.1", "GET /models/?… HTTP/1.1"),
        ("GET /accounts/password/reset/key/b-d0j-91f/ HTTP/1.1",
         "GET /accounts/password/reset/key/…/ HTTP/1.1"),
        ("GET /trail/1/ HTTP/1.1", "GET /trail/1/ HTTP/1.1"),
    ],
)  # fmt: skip
def test_no_secret_in_an_address_is_logged(line: str, kept: str) -> None:
    assert without_secrets(line) == kept


def test_a_refusal_told_after_the_request_names_it(rf) -> None:
    record = logging.LogRecord("django.request", 30, __file__, 1, "Forbidden: /x", None, None)
    record.request = rf.get("/x")
    record.request.request_id = "0123456789"
    assert OneLine("[%(request_id)s]").format(record) == "[0123456789]"
