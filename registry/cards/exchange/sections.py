"""The sections of a Hugging Face model card: which answers stand where, how others' are found."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources

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
LABEL = 40
FENCE = re.compile(r"^ {0,3}(```+|~~~+)")
BOLD_LINE = re.compile(r"^[-*][ \t]+\*\*(.{1,60}?):?\*\*:?[ \t]*(.*)$")
# What the template writes where nobody has answered yet, with any emphasis around it.
PLACEHOLDER = re.compile(
    r"[\s*_`>-]*(\[?more information needed\]?(\(.*\))?\.?|\[?needs more information\]?\.?"
    r"|\{\{.*\}\})[\s*_`]*",
    re.IGNORECASE,
)
# What people write for it, when it is all they write.
NOTHING = re.compile(rf"{PLACEHOLDER.pattern}|n/?a|todo|tbd|none", re.IGNORECASE)
TEMPLATE = "modelcard_template.md"
DEFAULT = re.compile(r"\{\{.*?default\(\"(.*)\", true\) ?\}\}")
# Sentences of earlier templates, which cards written then still carry.
EARLIER = (
    "This modelcard aims to be a base template for new models. It has been generated using "
    "[this raw template](https://github.com/huggingface/huggingface_hub/blob/main/src/"
    "huggingface_hub/templates/modelcard_template.md?plain=1).",
    "This is the model card of a 🤗 transformers model that has been pushed on the Hub. This "
    "model card has been automatically generated.",
    "Users (both direct and downstream) should be made aware of the risks, biases and limitations "
    "of the model. More information needed for further recommendations.",
)


@dataclass(frozen=True)
class Part:
    """The text below one heading."""

    heading: str
    text: str
    line: int
    is_title: bool = False

    @property
    def field(self) -> str:
        """The key of the field that such a section answers; empty for one that has none."""
        known = BY_HEADING.get(self.heading.casefold(), "")
        is_name = self.is_title and self.heading.casefold() not in TITLES
        return "overview" if is_name else known


BY_HEADING = {heading.casefold(): key for heading, key in TEXTS.items()}
TITLES = {title.casefold() for _, title in HEADINGS}


def parts_of(text: str, first_line: int) -> Iterator[Part]:
    """The sections of a Markdown text, without comments and without empty ones."""
    heading, line, is_title = "", first_line, True
    titles, found = 0, []
    fence = ""
    for number, row in enumerate(text.split("\n"), start=first_line):
        if mark := FENCE.match(row):
            fence = "" if fence and mark[1].startswith(fence) else fence or mark[1]
        if not fence and (title := HEADING.match(row)):
            yield from _part(heading, found, line, is_title=is_title)
            heading, line, found = _bare(title[2]), number, []
            titles += len(title[1]) == 1
            is_title = len(title[1]) == 1 and titles == 1
        else:
            found.append(row)
    yield from _part(heading, found, line, is_title=is_title)


def _part(heading: str, rows: list[str], line: int, *, is_title: bool) -> Iterator[Part]:
    text = without_boilerplate(rows)
    if text:
        yield Part(heading, text, line, is_title)


def without_boilerplate(rows: Iterable[str]) -> str:
    """What somebody wrote, without the template's own sentences; empty if that is all there is."""
    known = _boilerplate()
    kept = [row for row in rows if not _is_sentence(row, known) and not PLACEHOLDER.fullmatch(row)]
    text = "\n".join(kept).strip()
    is_empty = NOTHING.fullmatch(text) or all(_plain(row) in known for row in kept)
    return "" if is_empty else text


def _is_sentence(row: str, known: frozenset[str]) -> bool:
    # A short line such as "**BibTeX:**" introduces what follows and stays with it.
    return len(row) > LABEL and _plain(row) in known


def _plain(row: str) -> str:
    return " ".join(row.split())


@cache
def _boilerplate() -> frozenset[str]:
    """The lines of the template that `huggingface_hub` brings, and of earlier ones."""
    path = resources.files("huggingface_hub") / "templates" / TEMPLATE
    rows = path.read_text(encoding="utf-8").split("\n")
    told = [found[1] if (found := DEFAULT.fullmatch(row.strip())) else row for row in rows]
    return frozenset(_plain(row) for row in (*told, *EARLIER)) | {""}


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
