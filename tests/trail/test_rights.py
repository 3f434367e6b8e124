"""What the application's database role may not do, and the check that says when it may."""

import pytest
from django.db import DatabaseError, connection, transaction

from portal.accounts.permissions import Role
from portal.dbroles import runtime_can
from portal.trail.checks import trail_is_out_of_reach
from portal.trail.models import TrailEvent, TrailHead
from portal.trail.services import record
from tests.factories import make_actor, make_unit
from tests.trail import ground

ATTACKS = [
    "UPDATE trail_event SET body = 'x'",
    "DELETE FROM trail_event",
    "TRUNCATE trail_event",
    "ALTER TABLE trail_event DISABLE TRIGGER ALL",
    "DROP TRIGGER trail_event_append_only ON trail_event",
    "DROP TABLE trail_event",
    "ALTER TABLE trail_event OWNER TO current_user",
    "SET session_replication_role = replica",
    "UPDATE trail_anchor SET hash = 'x'",
    "DELETE FROM trail_anchor",
    "UPDATE trail_head SET seq = 0, hash = repeat('0', 64)",
    "DELETE FROM trail_head",
    "INSERT INTO trail_head VALUES (1, 0, 'x')",
    "CREATE OR REPLACE FUNCTION trail_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    "'BEGIN RETURN NULL; END'",
    "INSERT INTO trail_event SELECT seq + 1, hash, 'forged', '{}', now(), 'a', 'a', 'a', 'a', 'a', "
    "'a', 'a' FROM trail_event ORDER BY seq DESC LIMIT 1",
    "INSERT INTO trail_event SELECT seq + 5, 'x', encode(sha256(E'x\\n{}'), 'hex'), '{}', now(), "
    "'a', 'a', 'a', 'a', 'a', 'a', 'a' FROM trail_event ORDER BY seq DESC LIMIT 1",
]


@pytest.mark.django_db
@pytest.mark.parametrize("attack", ATTACKS)
def test_the_application_is_refused(attack: str) -> None:
    event = record(make_actor(), "unit.create", make_unit())
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(attack)
    assert TrailEvent.objects.get(seq=event.seq).hash == event.hash
    assert TrailHead.objects.get().seq == event.seq


@pytest.mark.django_db
def test_the_application_may_append() -> None:
    before = TrailHead.objects.get().seq
    event = record(make_actor(Role.AUDITOR), "unit.create", make_unit())
    assert event.seq == before + 1
    assert TrailEvent.objects.filter(pk=event.seq).exists()


@pytest.mark.django_db
def test_the_owner_is_refused_by_trigger_until_it_switches_it_off(ground_of_owner: None) -> None:
    ground.write_events(1)
    for attack in ATTACKS[:3]:
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            ground.sql(attack)


@pytest.mark.django_db
def test_the_check_is_silent_for_two_roles() -> None:
    assert runtime_can() == []
    assert trail_is_out_of_reach(databases=["default"]) == []


@pytest.mark.django_db
def test_the_check_speaks_up_when_the_application_owns_the_trail(
    settings: object, ground_of_owner: None
) -> None:
    found = trail_is_out_of_reach(databases=["default"])
    assert [message.id for message in found] == ["trail.E001"] * 3
    assert all(message.is_serious() for message in found)
    assert "owns trail_event" in found[1].msg
    settings.DEBUG = True
    assert not any(message.is_serious() for message in trail_is_out_of_reach(databases=["default"]))
    assert trail_is_out_of_reach(databases=["owner"]) == []
