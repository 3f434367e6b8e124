"""What Signet works out by comparing a version with another one."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Q

from registry.cards.pulled import Pulled, number
from registry.inventory.models import ModelVersion


def comparisons(version: ModelVersion) -> dict[str, Pulled]:
    """The differences from the previous version and from the champion, in one query."""
    champion = str(version.model.aliases.get("champion", ""))
    others = ModelVersion.objects.filter(model_id=version.model_id).exclude(pk=version.pk)
    earlier = others.filter(ordinal__lt=version.ordinal).order_by("-ordinal").values("pk")[:1]
    found: dict[str, Pulled] = {}
    compared = list(others.filter(Q(pk__in=earlier) | Q(version=champion)).order_by("-ordinal"))
    before = next((other for other in compared if other.ordinal < version.ordinal), None)
    if before and (rows := differences(before, version)):
        found["difference"] = Pulled(rows, f"Signet, compared with version {before.version}")
    serving = next((other for other in compared if other.version == champion), None)
    if serving and (rows := _against(version, serving)):
        found["champion_delta"] = Pulled(rows, f"Signet, compared with version {champion}")
    return found


def differences(before: ModelVersion, after: ModelVersion) -> list[dict[str, str]]:
    """Parameters and metrics that are not the same in the two versions."""
    rows = _changed(before.params, after.params, str)
    return rows + _changed(before.metrics, after.metrics, number)


def _changed(
    before: Mapping[str, Any], after: Mapping[str, Any], shown: Any
) -> list[dict[str, str]]:
    return [
        {
            "name": name,
            "before": shown(before[name]) if name in before else "–",
            "after": shown(after[name]) if name in after else "–",
        }
        for name in sorted({*before, *after})
        if (name in before, before.get(name)) != (name in after, after.get(name))
    ]


def _against(version: ModelVersion, champion: ModelVersion) -> list[dict[str, str]]:
    return [
        {"metric": name, "champion": number(champion.metrics[name]), "value": number(value)}
        for name, value in sorted(version.metrics.items())
        if name in champion.metrics
    ]
