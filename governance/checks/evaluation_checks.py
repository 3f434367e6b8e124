"""Checks of how good the version is, and of what that is known from."""

from typing import Any

from governance.checks.evaluation import SLICES, THRESHOLDS, Comparison, number
from governance.checks.facts import Facts
from governance.checks.models import Verdict
from governance.checks.registry import Found, check, counted
from registry.cards.entries import Standing


@check("evaluation_present", title="Evaluation present")
def evaluation_present(facts: Facts) -> Found:
    """Whether metrics were logged, and on which data they were measured."""
    values = measured(facts)
    usable = sorted(name for name, value in values.items() if value is not None)
    data = facts.answer("evaluation_data")
    looked_at = counted(len(usable), "metric") + " of the run"
    found = {"metrics": usable, "dataset": bool(data.value)}
    link = facts.version_link
    if not usable:
        detail = "The run logged no metric that is a number. Log the evaluation with the model."
        return Found(Verdict.FAIL, looked_at, detail, link, found)
    if not data.value:
        detail = (
            "Metrics are there, but nothing says on which data they were measured. Log the "
            "evaluation dataset with the run, or answer “Evaluation data” on the card."
        )
        return Found(Verdict.WARN, looked_at, detail, facts.card_link("data"), found)
    return Found(Verdict.PASS, looked_at, f"Measured: {', '.join(usable[:8])}.", link, found)


def measured(facts: Facts) -> dict[str, float | None]:
    """The value of each metric: as evaluated, else as the run logged it."""
    values: dict[str, float | None] = dict(facts.version.metrics)
    for row in facts.evaluation.rows:
        if not row.slice:
            values[row.metric] = row.value
    return values


@check("thresholds_met", title="Metric thresholds met")
def thresholds_met(facts: Facts) -> Found:
    """Whether the metrics reach what the pipeline and the policy ask of them."""
    limits = facts.thresholds
    looked_at = f"{counted(len(limits), 'threshold')}, of the tag {THRESHOLDS} and of the policy"
    problems = [text for text in facts.evaluation.problems if "threshold" in text]
    if not limits:
        detail = " ".join(problems) or (
            f"No threshold is declared. Have the pipeline log the tag {THRESHOLDS}, such as "
            '{"roc_auc": {"min": 0.8}}, or have governance put limits into the policy.'
        )
        return Found(Verdict.COULD_NOT_RUN, looked_at, detail, facts.version_link)
    values = measured(facts)
    judged = {name: _judged(values.get(name), limit) for name, limit in limits.items()}
    missed = [name for name, met in judged.items() if met is False]
    unknown = [name for name, met in judged.items() if met is None]
    lines = [f"{n} is {number(values.get(n))}, {_limit(limits[n])}" for n in sorted(limits)]
    found = {"limits": {k: dict(v) for k, v in limits.items()}, "missed": sorted(missed)}
    if missed:
        verdict = Verdict.FAIL
    elif unknown or problems:
        verdict = Verdict.COULD_NOT_RUN
    else:
        verdict = Verdict.PASS
    detail = " ".join(["; ".join(lines) + ".", *problems])
    return Found(verdict, looked_at, detail, facts.version_link, found)


def _judged(value: float | None, limit: Any) -> bool | None:
    if value is None:
        return None
    return bool(limit.get("min", value) <= value <= limit.get("max", value))


def _limit(limit: Any) -> str:
    words = {"min": "at least", "max": "at most"}
    return " and ".join(f"{words[side]} {number(limit[side])}" for side in sorted(limit)[::-1])


@check("champion", title="Not worse than the champion")
def champion(facts: Facts) -> Found:
    """Whether a paired comparison with an interval says that this version is not worse."""
    other = facts.champion
    looked_at = "The paired comparison that the pipeline logged"
    if other is None:
        detail = "The model has no champion and nothing serves, so there is nothing to compare."
        return Found(Verdict.NOT_APPLICABLE, looked_at, detail, facts.version_link)
    if other.pk == facts.version.pk:
        detail = "This version is the champion."
        return Found(Verdict.NOT_APPLICABLE, looked_at, detail, facts.version_link)
    made = [c for c in facts.evaluation.comparisons if names(c, other.version)]
    found = {"champion": other.version, "verdicts": {c.metric: c.verdict for c in made}}
    if not made:
        return Found(Verdict.COULD_NOT_RUN, looked_at, _plainly(facts), facts.version_link, found)
    said = {c.verdict for c in made}
    verdict = Verdict.PASS
    if "worse" in said:
        verdict = Verdict.FAIL
    elif "inconclusive" in said:
        verdict = Verdict.WARN
    lines = "; ".join(f"{c.words}: {c.verdict.replace('_', ' ')}" for c in made)
    detail = f"Against version {other.version}: {lines}."
    return Found(verdict, looked_at, detail, facts.version_link, found)


def names(comparison: Comparison, version: str) -> bool:
    """Whether a comparison names this version: `3`, `demand/3` or `models:/demand/3`."""
    return comparison.champion.rpartition("/")[2] == version


def _plainly(facts: Facts) -> str:
    """What can be said without an interval: the metrics side by side, which decides nothing."""
    other = facts.champion
    mine, theirs = facts.version.metrics, other.metrics if other else {}
    both = sorted(name for name in mine if name in theirs)[:4]
    lines = ", ".join(f"{n} {number(mine[n])} against {number(theirs[n])}" for n in both)
    aside = f" Side by side: {lines}; without an interval that decides nothing." if both else ""
    which = other.version if other else ""
    return (
        f"No paired comparison with version {which}, the champion, was logged.{aside} Evaluate "
        "both on the same rows and log the tag signet.evaluation."
    )


@check("slices", title="Required slices evaluated")
def slices(facts: Facts) -> Found:
    """Whether each part of the business that must be looked at has its own figures."""
    done, asked = facts.evaluation.evaluated_slices, facts.evaluation.slices
    looked_at = (
        f"{counted(len(done), 'slice')} evaluated, {len(asked)} required by the tag {SLICES}"
    )
    missing = sorted(set(asked) - set(done))
    found = {"evaluated": done, "missing": missing}
    if missing:
        detail = f"Not evaluated: {', '.join(missing)}."
        return Found(Verdict.FAIL, looked_at, detail, facts.version_link, found)
    if done:
        detail = f"Evaluated: {', '.join(done)}."
        return Found(Verdict.PASS, looked_at, detail, facts.version_link, found)
    answer = facts.answer("slices")
    link = facts.card_link("evaluation")
    if answer.standing is Standing.NOT_APPLICABLE:
        detail = f"The card says that slices do not apply: {answer.reason}"
        return Found(Verdict.NOT_APPLICABLE, looked_at, detail, link, found)
    if answer.value:
        detail = "Figures by segment are written on the card; the pipeline logged none."
        return Found(Verdict.WARN, looked_at, detail, link, found)
    detail = "No figures by segment. Log them in signet.evaluation, or write them on the card."
    return Found(Verdict.FAIL, looked_at, detail, link, found)
