"""Checks of what happens once the version runs: monitors, runbook, way back, open findings."""

from django.utils import timezone

from governance.checks.facts import Facts
from governance.checks.models import Verdict
from governance.checks.registry import Found, check

MONITORING = {"slo": "a target", "drift_monitors": "drift monitors", "alert_routes": "alert routes"}


@check("rollback_target", title="Rollback target exists")
def rollback_target(facts: Facts) -> Found:
    """Whether another version holds a valid approval, so that one can go back to it at once."""
    looked_at = f"Approvals of other versions for {facts.environment}"
    now = timezone.now()
    holding = [r for r in facts.granted if r.expires_at is None or r.expires_at > now]
    present = [r.version for r in holding if r.version.gone_at is None]
    if present:
        target = present[0].version
        detail = f"Version {target} is approved and can serve again."
        return Found(Verdict.PASS, looked_at, detail, facts.version_link, {"target": target})
    others = [d.version for d in facts.serving if d.version_id != facts.version.pk and d.version]
    if not others:
        detail = "No other version serves, so there is nothing to go back to."
        return Found(Verdict.NOT_APPLICABLE, looked_at, detail, facts.version_link)
    serves = others[0]
    found = {"serving": serves.version}
    if serves.gone_at:
        detail = f"Version {serves.version} serves, but its files are gone at the source."
        return Found(Verdict.FAIL, looked_at, detail, facts.version_link, found)
    detail = f"Version {serves.version} serves and could serve again, but holds no valid approval."
    return Found(Verdict.WARN, looked_at, detail, facts.version_link, found)


@check("monitor", title="Monitor and target configured")
def monitor(facts: Facts) -> Found:
    """Whether the version will be watched against a target, with somebody told when it slips."""
    looked_at = "The card's answers on target, monitors and alert routes"
    missing = [words for key, words in MONITORING.items() if not facts.answer(key).value]
    link = facts.card_link("operation")
    found = {"missing": missing}
    if missing:
        detail = f"Not configured: the card names neither a monitor in Signet nor {_or(missing)}."
        return Found(Verdict.COULD_NOT_RUN, looked_at, detail, link, found)
    detail = (
        "Declared on the card. No monitor of Signet watches this version, so nothing proves it."
    )
    return Found(Verdict.WARN, looked_at, detail, link, found)


def _or(words: list[str]) -> str:
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


@check("runbook", title="Runbook linked")
def runbook(facts: Facts) -> Found:
    """Whether the card says where to read what to do when the model fails."""
    answer = facts.answer("runbook")
    looked_at = "The card's answer on the runbook"
    link = facts.card_link("operation")
    if answer.value:
        detail = f"Declared on the card: {answer.value}. Signet has not opened it."
        return Found(Verdict.WARN, looked_at, detail, link)
    detail = "No runbook is linked. Somebody who is called at night has nothing to read."
    return Found(Verdict.FAIL, looked_at, detail, link)


@check("critical_findings", title="No open critical finding")
def critical_findings(facts: Facts) -> Found:
    """Whether something critical about the model waits to be put right."""
    looked_at = "Open findings about the model and the version"
    if not facts.critical:
        return Found(Verdict.PASS, looked_at, "None is open.", facts.version_link)
    lines = "; ".join(finding.text[:160] for finding in facts.critical[:3])
    detail = f"{len(facts.critical)} open: {lines}"
    keys = sorted(finding.key for finding in facts.critical)
    return Found(Verdict.FAIL, looked_at, detail, facts.version_link, {"findings": keys})
