"""The sections of a Hugging Face model card: which answers stand where, how others' are found."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

# The headings in the order of the standard's template, with their depth.
HEADINGS = (
    (2, "Model Details"),
    (3, "Model Description"),
    (2, "Uses"),
    (3, "Direct Use"),
    (3, "Downstream Use"),
    (3, "Out-of-Scope Use"),
    (2, "Bias, Risks, and Limitations"),
    (3, "Recommendations"),
    (2, "Training Details"),
    (3, "Training Data"),
    (3, "Training Procedure"),
    (4, "Preprocessing"),
    (4, "Training Hyperparameters"),
    (2, "Evaluation"),
    (3, "Testing Data, Factors & Metrics"),
    (4, "Testing Data"),
    (4, "Factors"),
    (4, "Metrics"),
    (3, "Results"),
    (2, "Model Examination"),
    (2, "Environmental Impact"),
    (2, "Technical Specifications"),
    (3, "Model Architecture and Objective"),
    (3, "Compute Infrastructure"),
    (4, "Hardware"),
    (4, "Software"),
    (2, "Model Card Authors"),
    (2, "Model Card Contact"),
)
# Where answers of the metadata stand in the text as well, so that nothing of them is lost.
PLACES = {
    "license": "Model Description",
    "base_model": "Model Description",
    "pipeline_tag": "Model Architecture and Objective",
    "library_name": "Model Architecture and Objective",
    "datasets": "Training Data",
    "metrics": "Results",
    "model-index": "Results",
    "Card Authors": "Model Card Authors",
    "Card Contact": "Model Card Contact",
}
# The one field that a text by others goes to; sections that are not here have none.
TEXTS = {
    "Model Description": "overview",
    "Direct Use": "intended_uses",
    "Downstream Use": "intended_users",
    "Out-of-Scope Use": "out_of_scope",
    "Bias, Risks, and Limitations": "method_caveats",
    "Recommendations": "interpretation_aid",
    "Training Data": "data_provenance",
    "Preprocessing": "data_cleaning",
    "Training Hyperparameters": "hyperparameters",
    "Testing Data": "evaluation_split",
    "Metrics": "metric_choice",
    "Model Examination": "explainability",
    "Environmental Impact": "energy",
    "Model Architecture and Objective": "architecture",
    "Compute Infrastructure": "target_environment",
    "Software": "environment_lock",
    "Model Card Contact": "contact",
}
# Lines such as `- **License:** mit` in the text of others.
LINES = {
    "license": "licence",
    "finetuned from model": "base_model",
    "hardware type": "energy",
}
HEADING = re.compile(r"^(#{1,6})[ \t]+(.*)$")
OPTIONAL = "[optional]"
FENCE = re.compile(r"^ {0,3}(```+|~~~+)")
BOLD_LINE = re.compile(r"^[-*][ \t]+\*\*(.{1,60}?):?\*\*:?[ \t]*(.*)$")
NOTHING = re.compile(r"\[?more information needed\]?\.?|n/?a|todo|none", re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """The text below one heading."""

    heading: str
    text: str
    line: int


def parts_of(text: str, first_line: int) -> Iterator[Part]:
    """The sections of a Markdown text, without comments and without empty ones."""
    heading, line, found = "", first_line, []
    fence = ""
    for number, row in enumerate(text.split("\n"), start=first_line):
        if mark := FENCE.match(row):
            fence = "" if fence and mark[1].startswith(fence) else fence or mark[1]
        if not fence and (title := HEADING.match(row)):
            yield from _part(heading, found, line)
            heading, line, found = _bare(title[2]), number, []
        else:
            found.append(row)
    yield from _part(heading, found, line)


def _part(heading: str, rows: list[str], line: int) -> Iterator[Part]:
    text = "\n".join(rows).strip()
    if text and not NOTHING.fullmatch(text):
        yield Part(heading, text, line)


def _bare(title: str) -> str:
    return without_optional(title.strip().rstrip("#").strip("* \t"))


def without_optional(name: str) -> str:
    """A heading or label without the standard's remark that it may be left out."""
    if name[-len(OPTIONAL) :].casefold() == OPTIONAL:
        name = name[: -len(OPTIONAL)]
    return name.strip()


def without_comments(text: str) -> str:
    """The text with its comments emptied, so that lines keep their numbers."""
    kept, at = [], 0
    while (start := text.find("<!--", at)) >= 0:
        end = text.find("-->", start)
        if end < 0:
            break
        kept += [text[at:start], "\n" * text.count("\n", start, end)]
        at = end + len("-->")
    return "".join([*kept, text[at:]])
