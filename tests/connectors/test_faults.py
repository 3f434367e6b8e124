"""What the client does when a server misbehaves; the peer is a stub of faults."""

import json
from collections.abc import Iterator

import pytest

from registry.connectors import http
from registry.connectors.base import BadAnswer, Forbidden, NotFound, Unreachable, VersionRef
from registry.connectors.mlflow import MlflowConnector
from tests.connectors.peer import Answer, Asked, Peer, healthy
from tests.services import free_port


@pytest.fixture
def connector(peer: Peer) -> Iterator[MlflowConnector]:
    made = MlflowConnector(peer.address, username="signet", password="pw")
    yield made
    made.close()


def listed(*names: str, token: str = "") -> Answer:
    models = [
        {"name": name, "creation_timestamp": 1, "last_updated_timestamp": 1} for name in names
    ]
    return Answer({"registered_models": models, **({"next_page_token": token} if token else {})})


def names_of(connector: MlflowConnector) -> list[str]:
    return [model.name for page in connector.iter_models() for model in page.items]


def test_nobody_listens() -> None:
    connector = MlflowConnector(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(Unreachable, match="cannot be reached"):
        connector.probe()
    assert connector.requests == 2


def test_slow_answer_ends_in_a_time_out(monkeypatch: pytest.MonkeyPatch, peer: Peer) -> None:
    import threading

    leave = threading.Event()

    def wait(asked: Asked) -> Answer:
        leave.wait(20)
        return Answer({})

    peer.reply = wait
    monkeypatch.setattr(http, "READ_SECONDS", 0.1)
    connector = MlflowConnector(peer.address)
    with pytest.raises(Unreachable, match="did not answer in time"):
        names_of(connector)
    leave.set()


def test_endless_trickle_ends(monkeypatch: pytest.MonkeyPatch, peer: Peer) -> None:
    peer.reply = lambda asked: Answer(b"{}" + b" " * 100_000)
    monkeypatch.setattr(http, "WHOLE_SECONDS", -1.0)
    with pytest.raises(Unreachable, match="too slowly"):
        names_of(MlflowConnector(peer.address))


def test_one_error_is_tried_again_and_two_are_not(peer: Peer, connector: MlflowConnector) -> None:
    answers = [Answer(b"oops", 500), listed("a")]
    peer.reply = lambda asked: answers.pop(0)
    assert names_of(connector) == ["a"]
    answers += [Answer({"message": "out of order"}, 503), Answer({"message": "out of order"}, 503)]
    with pytest.raises(Unreachable, match=r"\(503\): out of order"):
        names_of(connector)
    assert len(peer.asked) == 4


def test_retry_after_is_honoured_up_to_a_limit(
    monkeypatch: pytest.MonkeyPatch, peer: Peer, connector: MlflowConnector
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(http.time, "sleep", pauses.append)
    answers = [Answer(b"", 429, {"Retry-After": "3"}), listed("a")]
    peer.reply = lambda asked: answers.pop(0)
    assert names_of(connector) == ["a"]
    answers += [Answer(b"", 429, {"Retry-After": "86400"}), listed("a")]
    assert names_of(connector) == ["a"]
    assert pauses == [3.0, http.LONGEST_PAUSE]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(b"<html><script>alert(1)</script>"), "not JSON .*<html>"),
        (Answer(b""), "it is empty"),
        (Answer(b"[1, 2]"), "not an object"),
        (Answer(b"[" * 100_000), "not JSON"),
        (Answer({"registered_models": "none"}), "no list of registered models"),
        (Answer({"registered_models": [], "next_page_token": 7}), "page token"),
        (Answer(b"", 302, {"Location": "http://169.254.169.254/latest"}), "redirect"),
        (Answer({"message": "no"}, 400), r"refused the request \(400\): no"),
    ],
)
def test_answers_that_make_no_sense(
    peer: Peer, connector: MlflowConnector, answer: Answer, said: str
) -> None:
    peer.reply = lambda asked: answer
    with pytest.raises(BadAnswer, match=said):
        names_of(connector)
    assert len(peer.asked) == 1


@pytest.mark.parametrize(
    ("status", "message", "said"),
    [
        (401, "", "MLFLOW_TRACKING_USERNAME"),
        (403, "Invalid Host header", "MLFLOW_SERVER_ALLOWED_HOSTS"),
        (403, "Permission denied", "Signet's user"),
    ],
)
def test_refusals_say_what_to_do(
    peer: Peer, connector: MlflowConnector, status: int, message: str, said: str
) -> None:
    peer.reply = lambda asked: Answer({"message": message}, status)
    with pytest.raises(Forbidden, match=said):
        names_of(connector)


def test_missing_is_told_from_broken(peer: Peer, connector: MlflowConnector) -> None:
    peer.reply = lambda asked: Answer({"message": "Registered Model not found"}, 404)
    with pytest.raises(NotFound):
        connector.get_model("a")


def test_connection_cut_in_the_middle(peer: Peer, connector: MlflowConnector) -> None:
    answers = [Answer(b'{"registered', hang_up=True), listed("a")]
    peer.reply = lambda asked: answers.pop(0)
    assert names_of(connector) == ["a"]


def test_token_that_points_back_is_an_error(peer: Peer, connector: MlflowConnector) -> None:
    answers = [listed("a", token="t1"), listed("b", token="t2"), listed("c", token="t1")]
    peer.reply = lambda asked: answers.pop(0)
    with pytest.raises(BadAnswer, match="already read"):
        names_of(connector)


def test_page_that_repeats_is_an_error(peer: Peer, connector: MlflowConnector) -> None:
    answers = [listed("a", token="t1"), listed("a", token="t2")]
    peer.reply = lambda asked: answers.pop(0)
    with pytest.raises(BadAnswer, match="same page"):
        names_of(connector)


def test_empty_page_with_a_token_goes_on(peer: Peer, connector: MlflowConnector) -> None:
    answers = [listed("a", token="t1"), listed(token="t2"), listed("b")]
    peer.reply = lambda asked: answers.pop(0)
    assert names_of(connector) == ["a", "b"]


def test_page_that_is_too_large_is_asked_for_in_parts(
    monkeypatch: pytest.MonkeyPatch, peer: Peer, connector: MlflowConnector
) -> None:
    monkeypatch.setattr(
        http.Http.json, "__kwdefaults__", {**http.Http.json.__kwdefaults__, "limit": 500}
    )
    peer.reply = lambda asked: (
        Answer(b" " * 501) if int(asked.query["max_results"]) > 100 else listed("a")
    )
    assert names_of(connector) == ["a"]
    assert [asked.query["max_results"] for asked in peer.asked] == ["1000", "250", "62"]


def test_unknown_and_wrong_fields_are_passed_over(peer: Peer, connector: MlflowConnector) -> None:
    strange = {
        "name": "a",
        "creation_timestamp": "soon",
        "last_updated_timestamp": 10**30,
        "description": ["x"],
        "tags": [{"key": "k", "value": {"deep": 1}}, "text", {"value": "no key"}],
        "aliases": {"champion": "1"},
        "new_in_4_0": {"anything": True},
    }
    peer.reply = lambda asked: Answer({"registered_models": [strange, {"name": ""}, 7]})
    (page,) = connector.iter_models()
    (model,) = page.items
    assert (model.name, model.description, model.tags, model.aliases) == ("a", "", {"k": ""}, {})
    assert model.created.year == model.updated.year == 1970
    assert len(page.skipped) == 2


def test_text_is_cut_and_cleaned(peer: Peer, connector: MlflowConnector) -> None:
    tags = [{"key": f"key-{n}", "value": "v" * 10_000} for n in range(400)]
    model = {"name": "a", "description": "\x00\ud800<script>" * 10_000, "tags": tags}
    peer.reply = lambda asked: Answer(
        json.dumps({"registered_models": [model, {"name": "n\x00l"}, {"name": "x" * 300}]}).encode()
    )
    (page,) = connector.iter_models()
    (found,) = page.items
    assert len(found.tags) == 300
    assert all(len(value) == 2_000 for value in found.tags.values())
    assert len(found.description) == 20_000
    assert "\x00" not in found.description
    found.description.encode()
    assert len(page.skipped) == 2


def test_credentials_are_sent_and_never_shown(peer: Peer) -> None:
    host = peer.address.removeprefix("http://")
    connector = MlflowConnector(f"http://ada:hush@{host}")
    connector.probe()
    assert peer.asked[0].headers["Authorization"].startswith("Basic ")
    peer.reply = lambda asked: Answer(b"<html>")
    with pytest.raises(BadAnswer) as caught:
        connector.probe()
    assert "hush" not in str(caught.value)
    token = MlflowConnector(peer.address, token="t0ken")
    peer.reply = healthy
    token.probe()
    assert peer.asked[-1].headers["Authorization"] == "Bearer t0ken"


@pytest.mark.parametrize(
    "uri",
    [
        "file:///etc",
        "/etc",
        "http://169.254.169.254/latest",
        "s3://bucket/model",
        "mlflow-artifacts://elsewhere.example/1/models",
        "mlflow-artifacts:/../../etc",
        "mlflow-artifacts:/1/a?x=1",
        "mlflow-artifacts:/1/a#b",
        "dbfs:/x",
    ],
)
def test_only_files_that_mlflow_serves_are_read(
    peer: Peer, connector: MlflowConnector, uri: str
) -> None:
    (detail,) = connector.details([VersionRef("a", "1", uri, "")])
    assert "reads only files that MLflow itself serves" in detail.note
    assert peer.asked == []


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 100_000,
        b"\x00\x01",
        b"signature: 7",
        b"flavors: [1, 2]",
        b"a: &a [*a]",
        b"- " * 9_000,
        b" " * 300_000,
        b"x: !!bool maybe",
        b'x: !!int ""',
        b"x: 1" + b":1" * 400 + b":1.0",
        b"x: 1" + b":1" * 100_000,
        # expanded, merge keys multiply: ten such lines would fill the memory
        b's: &s {inputs: \'[{"name": "a"}]\'}\nsignature: {<<: [*s, *s]}',
    ],
)
def test_hostile_mlmodel_files_do_no_harm(
    peer: Peer, connector: MlflowConnector, text: bytes
) -> None:
    peer.reply = lambda asked: Answer(text)
    (detail,) = connector.details([VersionRef("a", "1", "mlflow-artifacts:/1/a", "")])
    assert detail.signature == {}
    assert peer.paths() == ["/api/2.0/mlflow-artifacts/artifacts/1/a/MLmodel"]


def test_copies_that_go_in_circles_end(peer: Peer, connector: MlflowConnector) -> None:
    circle = {"name": "a", "version": "1", "source": "models:/a/1"}
    peer.reply = lambda asked: Answer({"model_version": circle})
    (detail,) = connector.details([VersionRef("a", "1", "models:/a/1", "")])
    assert detail.params == {}
    assert len(peer.asked) == 3


def test_trouble_with_one_version_spares_the_others(peer: Peer, connector: MlflowConnector) -> None:
    def reply(asked: Asked) -> Answer:
        if asked.path.endswith("/runs/get") and asked.query["run_id"] == "bad":
            return Answer(b"", 500)
        if asked.path.endswith("/runs/get"):
            params = [{"key": "depth", "value": "6"}]
            return Answer({"run": {"info": {"run_id": "good"}, "data": {"params": params}}})
        return Answer(b"", 500)

    peer.reply = reply
    good, bad = connector.details(
        [VersionRef("a", "1", "", "good"), VersionRef("a", "2", "", "bad")]
    )
    assert good.params == {"depth": "6"}
    assert isinstance(bad, Unreachable)
