"""A change plan's envelope in words."""

from governance.plans.models import ChangePlan


def envelope_words(plan: ChangePlan) -> list[tuple[str, str]]:
    """The envelope of a plan as labels and sentences."""
    told = plan.envelope
    rows = [(name, _limits(limit)) for name, limit in sorted((told.get("metrics") or {}).items())]
    pipeline = ", ".join(str(value) for value in (told.get("pipeline") or {}).values())
    data = told.get("data") or {}
    days = data.get("most_days")
    return [
        ("Pipeline", pipeline),
        ("Schema", f"the same {len(told.get('schema') or {})} inputs and outputs"),
        *rows,
        (
            "Data",
            ", ".join(data.get("names") or []) + (f", at most {days} days old" if days else ""),
        ),
        ("Versions", f"{plan.quota} at most"),
        ("Until", f"{plan.expires_on:%d %B %Y}"),
    ]


def _limits(limit: dict[str, float | None]) -> str:
    words = {"min": "at least", "max": "at most", "most_move": "moves by at most"}
    found = [f"{word} {limit[key]:g}" for key, word in words.items() if limit.get(key) is not None]
    base = limit.get("base")
    return ", ".join(found) + (f" (now {base:g})" if base is not None else "")
