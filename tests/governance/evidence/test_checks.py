"""Each check's verdicts on versions that have, and lack, what it asks."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from governance.checks.models import ArtifactManifest, CheckRun, ManifestState
from governance.checks.queries import latest_run
from governance.checks.running import LOADED, blocking, checks_find, worsened
from governance.checks.services import checks_run
from governance.findings.models import Finding
from governance.requests.models import ApprovalRequest
from portal.accounts.permissions import Role
from portal.errors import Denied, Invalid
from portal.trail.models import TrailEvent
from registry.inventory.models import ModelVersion
from tests.factories import make_actor, make_deployment, make_model, make_team, make_version

pytestmark = pytest.mark.django_db
SIGNATURE = {"inputs": [{"name": "price"}], "outputs": [{"name": "prediction"}]}


def found(version, check_id, environment="production"):
    loaded = ModelVersion.objects.select_related(*LOADED).get(pk=version.pk)
    outcomes = checks_find(loaded, environment).outcomes
    return {o.check_id: o.found for o in outcomes}[check_id]


def tagged(model=None, **tags):
    texts = {f"signet.{name}": json.dumps(value) for name, value in tags.items()}
    return make_version(model or make_model(risk_tier="T2", task="classification"), run_tags=texts)


def make_manifest(version, digest="a" * 64, **scan):
    empty = {"files": 1, "dangerous": [], "unknown": [], "unread": [], "code": []}
    return ArtifactManifest.objects.create(
        version=version,
        state=ManifestState.COMPLETE,
        digest=digest,
        files=[{"path": "MLmodel", "size": 3, "sha256": "b" * 64}],
        scanner="picklescan 1",
        scan={**empty, **scan},
    )


def test_a_card_with_gaps_fails_and_names_them():
    verdict = found(make_version(make_model(risk_tier="T3")), "card_complete")
    assert verdict.verdict == "fail"
    assert "Missing for tier T3: Overview" in verdict.detail
    assert "overview" in verdict.facts["missing"]


def test_a_model_without_a_tier_has_no_complete_card():
    assert "no risk tier" in found(make_version(), "card_complete").detail


def test_metrics_without_evaluation_data_only_warn():
    version = make_version(metrics={"roc_auc": 0.9})
    assert found(version, "evaluation_present").verdict == "warn"
    ModelVersion.objects.filter(pk=version.pk).update(
        datasets=[{"name": "holdout", "context": "evaluation", "digest": "1"}]
    )
    assert found(version, "evaluation_present").verdict == "pass"


def test_a_run_whose_metrics_are_no_numbers_was_not_evaluated():
    assert found(make_version(metrics={"roc_auc": None}), "evaluation_present").verdict == "fail"


@pytest.mark.parametrize(
    ("limits", "verdict"),
    [
        ({"roc_auc": {"min": 0.9}}, "pass"),
        ({"roc_auc": {"min": 0.92}}, "fail"),
        ({"roc_auc": {"min": 0.9, "max": 0.905}}, "fail"),
        ({"roc_auc": {"min": 0.9}, "recall": {"min": 0.5}}, "could_not_run"),
        ({}, "could_not_run"),
        ({"roc_auc": 0.9}, "could_not_run"),
        ([1], "could_not_run"),
    ],
)
def test_thresholds_of_the_pipeline_are_judged(limits, verdict):
    assert found(tagged(thresholds=limits), "thresholds_met").verdict == verdict


def test_a_tag_that_was_cut_is_called_so():
    version = make_version(run_tags={"signet.thresholds": '{"a' + "x" * 1997 + "…"})
    assert "longer than 2,000 characters" in found(version, "thresholds_met").detail


def compared(verdict, champion="1"):
    return {
        "comparison": [
            {
                "metric": "roc_auc",
                "champion": champion,
                "difference": 0.01,
                "ci_low": -0.002,
                "ci_high": 0.022,
                "verdict": verdict,
            }
        ]
    }


@pytest.mark.parametrize(
    ("said", "verdict"),
    [("better", "pass"), ("not_worse", "pass"), ("worse", "fail"), ("inconclusive", "warn")],
)
def test_the_champion_is_compared_by_the_logged_interval(said, verdict):
    model = make_model(aliases={"champion": "1"})
    make_version(model)
    result = found(tagged(model, evaluation=compared(said, "models:/x/1")), "champion")
    assert result.verdict == verdict
    assert "-0.002 to +0.022" in result.detail


def test_without_a_comparison_with_this_champion_nothing_can_be_told():
    model = make_model(aliases={"champion": "1"})
    make_version(model)
    result = found(tagged(model, evaluation=compared("better", "7")), "champion")
    assert result.verdict == "could_not_run"
    assert "roc_auc 0.91 against 0.91" in result.detail


def test_a_first_version_has_no_champion_and_nothing_to_go_back_to():
    version = make_version()
    assert found(version, "champion").verdict == "not_applicable"
    assert found(version, "rollback_target").verdict == "not_applicable"


def test_required_slices_must_have_figures():
    rows = {"rows": [{"metric": "mape", "value": 0.1, "slice": "small"}]}
    assert found(tagged(evaluation=rows, slices=["small"]), "slices").verdict == "pass"
    missing = found(tagged(evaluation=rows, slices=["small", "large"]), "slices")
    assert (missing.verdict, missing.facts["missing"]) == ("fail", ["large"])
    assert found(make_version(), "slices").verdict == "fail"


def test_lineage_wants_commit_data_and_environment():
    version = make_version(git_commit="c" * 40, datasets=[{"name": "x", "digest": "d"}])
    assert found(version, "lineage").facts["missing"] == ["the environment"]
    ModelVersion.objects.filter(pk=version.pk).update(tags={"signet.environment_lock": "e"})
    assert found(version, "lineage").verdict == "pass"
    dirty = {"mlflow.source.git.dirty": "true"}
    ModelVersion.objects.filter(pk=version.pk).update(run_tags=dirty)
    assert found(version, "lineage").verdict == "fail"


def test_a_signature_has_both_sides():
    assert found(make_version(signature=SIGNATURE), "signature").verdict == "pass"
    assert found(make_version(signature={"inputs": [{}]}), "signature").verdict == "warn"
    assert found(make_version(), "signature").verdict == "fail"


def test_the_digest_must_stay_and_be_the_one_that_was_declared():
    version = make_version()
    assert found(version, "artifact_digest").verdict == "could_not_run"
    make_manifest(version)
    assert found(version, "artifact_digest").verdict == "pass"
    ModelVersion.objects.filter(pk=version.pk).update(
        tags={"signet.artifact_digest": "sha256:" + "c" * 64}
    )
    assert "The pipeline named cccc" in found(version, "artifact_digest").detail
    make_manifest(version, "d" * 64)
    assert "The files have changed" in found(version, "artifact_digest").detail


@pytest.mark.parametrize(
    ("scan", "verdict"),
    [
        ({}, "pass"),
        ({"code": ["code/run.py"]}, "warn"),
        ({"unknown": ["m.pkl imports sklearn.x"]}, "warn"),
        ({"unread": ["m.zip"], "unknown": ["x"]}, "could_not_run"),
        ({"dangerous": ["m.pkl imports posix.system"], "unread": ["x"]}, "fail"),
    ],
)
def test_the_scan_speaks_by_the_worst_that_it_found(scan, verdict):
    version = make_version()
    make_manifest(version, **scan)
    assert found(version, "artifact_scan").verdict == verdict


def granted(version, **fields):
    return ApprovalRequest.objects.create(
        version=version,
        environment="production",
        state="approved",
        digest="d",
        expires_at=timezone.now() + timedelta(days=9),
        **fields,
    )


def test_an_approved_version_is_a_way_back():
    model = make_model()
    old, new = make_version(model), make_version(model)
    make_deployment(old)
    assert found(new, "rollback_target").verdict == "warn"
    request = granted(old)
    assert found(new, "rollback_target").facts == {"target": "1"}
    request.expires_at = timezone.now() - timedelta(days=1)
    request.save()
    ModelVersion.objects.filter(pk=old.pk).update(gone_at=timezone.now())
    assert found(new, "rollback_target").verdict == "fail"


def test_monitor_and_runbook_say_what_is_not_there():
    version = make_version()
    assert found(version, "monitor").verdict == "could_not_run"
    assert found(version, "runbook").verdict == "fail"


def test_an_open_critical_finding_fails_and_another_version_s_does_not():
    model = make_model()
    version, other = make_version(model), make_version(model)
    facts = {"model": model, "kind": "review", "severity": "critical", "text": "Bad"}
    Finding.objects.create(key="a", version=other, **facts)
    assert found(version, "critical_findings").verdict == "pass"
    finding = Finding.objects.create(key="b", **facts)
    assert found(version, "critical_findings").facts == {"findings": ["b"]}
    Finding.objects.filter(pk=finding.pk).update(closed_at=timezone.now())
    assert found(version, "critical_findings").verdict == "pass"


def test_odd_facts_break_one_check_and_spare_the_others():
    version = make_version(metrics=["not", "a", "mapping"])
    assert found(version, "thresholds_met").verdict == "could_not_run"
    assert found(version, "critical_findings").verdict == "pass"


def scientist(model):
    return make_actor(Role.DATA_SCIENTIST, team=model.team)


def test_a_run_is_kept_recorded_and_not_repeated_for_the_same_findings():
    model = make_model(risk_tier="T4", team=make_team())
    version, actor = make_version(model), scientist(model)
    run = checks_run(actor=actor, version_id=version.pk, environment="production", why="filed")
    assert run.results.count() == 13
    assert (run.tier, run.why, run.policy.number) == ("T4", "filed", 1)
    assert TrailEvent.objects.filter(verb="check.run").count() == 1
    again = checks_run(actor=actor, version_id=version.pk, environment="production", why="again")
    assert again == run
    manifest = make_manifest(version)
    later = checks_run(actor=actor, version_id=version.pk, environment="production", why="later")
    assert later.manifest == manifest
    assert later.digest != run.digest
    assert latest_run(version, "production") == later
    assert CheckRun.objects.count() == 2


def test_required_checks_that_do_not_hold_block_and_worsening_is_named():
    model = make_model(risk_tier="T4", team=make_team())
    version, actor = make_version(model), scientist(model)
    facts = {"actor": actor, "version_id": version.pk, "environment": "production", "why": ""}
    assert blocking(checks_run(**facts).results.all()) == ["artifact_digest", "artifact_scan"]
    make_manifest(version)
    good = checks_run(**facts)
    assert blocking(good.results.all()) == []
    make_manifest(version, "d" * 64)
    bad = checks_run(**facts)
    assert worsened(good.results.all(), bad.results.all()) == ["artifact_digest"]
    assert worsened(bad.results.all(), good.results.all()) == []


def test_outsiders_run_no_checks_and_nowhere_is_no_environment():
    model = make_model(team=make_team())
    version = make_version(model)
    with pytest.raises(Denied):
        checks_run(
            actor=make_actor(Role.DATA_SCIENTIST, team=make_team()),
            version_id=version.pk,
            environment="production",
            why="",
        )
    with pytest.raises(Invalid):
        checks_run(actor=scientist(model), version_id=version.pk, environment="moon", why="")


def test_the_checks_ask_a_bounded_number_of_queries(django_assert_max_num_queries):
    model = make_model(risk_tier="T1", aliases={"champion": "1"})
    versions = [make_version(model) for _ in range(5)]
    for version in versions[:3]:
        make_manifest(version)
        make_deployment(version)
        granted(version)
    loaded = ModelVersion.objects.select_related(*LOADED).get(pk=versions[4].pk)
    with django_assert_max_num_queries(14):
        checks_find(loaded, "production")
