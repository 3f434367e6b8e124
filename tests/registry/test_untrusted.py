"""Whatever text the real MLflow accepts neither breaks a scan nor runs in a page."""

from django.test import Client

from portal.accounts.permissions import Role
from portal.actors import service
from registry.inventory.models import ModelVersion, RegisteredModel
from registry.sources.models import Source, SyncState
from registry.sources.sync import source_scan
from tests.factories import make_user
from tests.registry.writer import Writer, unique

SCRIPT = "<script>alert('hello')</script>"
SYNC = service("sync")


def test_hostile_text_is_kept_cut_and_shown_as_text(source: Source, writer: Writer) -> None:
    name = writer.model(unique("<img src=x onerror=alert(1)>"), note=SCRIPT)
    writer.describe(name, SCRIPT + "x" * 4_000)
    writer.version(
        name, description=SCRIPT, tags=[{"key": "note", "value": SCRIPT}], run_id="0" * 32
    )
    for number in range(10):
        writer.tag_model(name, f"long-{number}", "v" * 5_000)
        writer.tag_version(name, "1", f"long-{number}", "v" * 100_000)

    run = source_scan(actor=SYNC, source_id=source.pk)

    assert run.state == SyncState.COMPLETE, run.error
    model = RegisteredModel.objects.get(name=name)
    version = ModelVersion.objects.get(model=model)
    assert model.tags["note"] == version.tags["note"] == version.description == SCRIPT
    assert all(len(value) <= 2_000 for value in [*model.tags.values(), *version.tags.values()])

    client = Client()
    client.force_login(
        make_user(Role.VIEWER), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    for address in (
        f"/sources/{source.pk}/",
        f"/models/{model.pk}/",
        f"/models/{model.pk}/versions/1/",
        "/models/",
    ):
        answer = client.get(address)
        assert answer.status_code == 200, address
        text = answer.content.decode()
        assert SCRIPT not in text, address
        assert "<img src=x" not in text, address


def test_quotes_in_names_are_followed_up(source: Source, writer: Writer) -> None:
    from registry.sources.sync import model_reread

    for stem in ("it's", 'the "best"', "a % _ * model", "Ünïcode ✓ name"):
        name = writer.model(unique(stem))
        writer.version(name)
        run = model_reread(actor=SYNC, source_id=source.pk, name=name)
        assert run
        assert (run.state, run.versions_seen) == (SyncState.COMPLETE, 1), run.error
    both = writer.model(unique("a'b\"c"))
    writer.version(both)
    run = model_reread(actor=SYNC, source_id=source.pk, name=both)
    assert run
    assert "both kinds of quotes" in run.error
    assert source_scan(actor=SYNC, source_id=source.pk).state == SyncState.COMPLETE
    assert ModelVersion.objects.filter(model__name=both).exists()
