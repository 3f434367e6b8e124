"""A signature stands only where it was given: copied, moved or edited, it is named."""

from itertools import permutations

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from governance.gate.statements import public_keys
from governance.requests.models import SignOff
from governance.requests.statements import broken
from governance.requests.verification import signatures_verify
from tests.governance.scenes import another_version, filed, make_scene

pytestmark = pytest.mark.django_db


def copied(row: SignOff, **changes) -> SignOff:
    """A copy of a row with other values, as somebody with the database in hand would write it."""
    facts = {
        field.attname: getattr(row, field.attname)
        for field in SignOff._meta.concrete_fields
        if field.name != "id"
    }
    return SignOff(**{**facts, **changes})


def test_every_signature_that_was_given_holds(capsys):
    filed(make_scene("T1"), state="approved")
    report = signatures_verify()
    assert (report.checked, report.faults) == (5, [])
    call_command("signatures", "verify")
    assert "5 sign-offs looked at, 0 do not hold." in capsys.readouterr().out


def test_a_signature_copied_into_any_other_request_is_found():
    first = make_scene("T4")
    requests = [filed(another_version(first), state="approved") for _ in range(8)]
    pairs = list(permutations(requests, 2))
    assert len(pairs) == 56
    forged = set()
    for number, (source, target) in enumerate(pairs):
        row = source.sign_offs.first()
        changes = {
            "request_id": target.pk,
            "seat_id": target.seats.get().pk,
            "round": 100 + number,
        }
        if number % 2:  # also with the digest that the other request asks for
            changes |= {"digest": target.digest, "subject": target.subject}
        copy = copied(row, **changes)
        copy.save()
        forged.add(copy.pk)
    report = signatures_verify()
    assert {pk for pk, _ in report.faults} == forged
    with pytest.raises(CommandError):
        call_command("signatures", "verify")


@pytest.mark.parametrize(
    "change",
    [
        {"round": 2},
        {"decision": "reject"},
        {"reason": "No reason at all."},
        {"signer_name": "Somebody else"},
        {"role": "validator"},
        {"digest": "0" * 64},
        {"subject": {}},
        {"meaning": "I was asked to sign."},
        {"public_key": "0" * 64},
        {"signature": "0" * 128},
        {"statement": "{}"},
    ],
)
def test_a_signature_that_says_something_else_than_its_statement_is_found(change):
    request = filed(make_scene("T4"), state="approved")
    row = request.sign_offs.get()
    assert broken(row, public_keys()) == ""
    assert broken(copied(row, **change), public_keys())


def test_the_database_refuses_to_change_or_remove_one():
    row = filed(make_scene("T4"), state="approved").sign_offs.get()
    for change in (
        lambda: SignOff.objects.filter(pk=row.pk).update(decision="reject"),
        lambda: row.delete(),
    ):
        with pytest.raises(DatabaseError, match="never"), transaction.atomic():
            change()
