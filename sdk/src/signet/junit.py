"""A gate's verdict as JUnit XML, which every pipeline can show."""

import re
from pathlib import Path
from xml.etree import ElementTree

from signet.errors import NoAnswer
from signet.gate import ALLOWED, DENIED, Verdict

# What XML 1.0 has no way to write at all.
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_write(path: Path, verdict: Verdict) -> None:
    """Write the verdict as one test case: failed when denied, in error when nobody could tell."""
    suite = ElementTree.Element(
        "testsuite",
        name="signet gate",
        tests="1",
        failures=str(int(verdict.code == DENIED)),
        errors=str(int(verdict.code not in (ALLOWED, DENIED))),
        skipped="0",
    )
    case = ElementTree.SubElement(
        suite,
        "testcase",
        classname=_clean(f"signet.gate.{verdict.environment}"),
        name=_clean(str(verdict.target)),
    )
    codes = ", ".join(reason["code"] for reason in verdict.reasons)
    text = _clean("\n".join([verdict.headline, *lines_of(verdict)]))
    if verdict.code == ALLOWED:
        ElementTree.SubElement(case, "system-out").text = text
    else:
        kind = "failure" if verdict.code == DENIED else "error"
        ElementTree.SubElement(case, kind, message=_clean(codes), type=kind).text = text
    suites = ElementTree.Element("testsuites", name="signet")
    suites.append(suite)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        ElementTree.ElementTree(suites).write(path, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        raise NoAnswer(f"{path} cannot be written: {error.strerror}.") from None


def lines_of(verdict: Verdict) -> list[str]:
    """What stands against it and what was promised, a line each."""
    lines = [f"{reason['code']}: {reason['text']}" for reason in verdict.reasons]
    lines += [
        f"Condition by {one['due_on']}: {one['text']} ({one['owner']})"
        for one in verdict.conditions
    ]
    return [*lines, *([f"More: {verdict.link}"] if verdict.link else [])]


def _clean(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", text)
