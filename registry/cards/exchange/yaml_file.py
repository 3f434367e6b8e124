"""`signet-card.yaml`: what people say about a model, kept beside its code.

Answers stand under their section. What is read from a source stands in comments, so that the file
does not freeze it; what is missing stands there too, with its help.
"""

import re
import textwrap
from typing import Any

import yaml

from registry.cards.answers import Answer, State
from registry.cards.entries import Standing
from registry.cards.exchange.documents import (
    BadDocument,
    Base,
    Reading,
    known_schema,
    text_of,
)
from registry.cards.exchange.wording import choice_of
from registry.cards.exchange.yaml_text import Node, yaml_of
from registry.cards.schema import Field, FieldType, Section
from registry.cards.view import CardView, FieldView

FORMAT = "1"
HEAD = ("signet_card", "schema", "of_model", "of_version", "revision", "digest")
WIDTH = 96
# What YAML takes for the end of a line or leaves out, unless it is escaped.
ODD = re.compile("[\t\r\x85\u2028\u2029\ufeff]")
KEPT = frozenset({Standing.WRITTEN, Standing.INHERITED, Standing.UNKNOWN, Standing.NOT_APPLICABLE})


class _Dumper(yaml.SafeDumper):
    """Writes long texts as blocks and every text so that it stays a text."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write a value again where it occurs twice: aliases are not read back."""
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=_style(text))


def _style(text: str) -> str | None:
    """A block for several lines; quoted where a block or a plain text would lose something."""
    if ODD.search(text) or text.endswith("\n\n") or not text.strip():
        return '"'
    return "|" if "\n" in text else None


_Dumper.add_representer(str, _text)


def export(card: CardView) -> bytes:
    """The card as a commented YAML file."""
    head = {
        "signet_card": int(FORMAT),
        "schema": card.schema.version,
        "of_model": card.version.model.name,
        "of_version": card.version.version,
        "revision": card.number,
        "digest": card.revision.digest if card.revision else "",
    }
    intro = (
        f"Model card of {card.version.model.name}, version {card.version.version}. Keep this file "
        "beside the code; check it with `signet card check`, send it with `signet card push`. A "
        "field that nobody can answer: `unknown: true` below its name; one that does not apply: "
        "`not_applicable: the reason`."
    )
    parts = [_comment(intro, ""), _dump(head)]
    parts += [_section(item.section, item.fields) for item in card.sections]
    return "\n".join(parts).encode()


def _section(section: Section, fields: list[FieldView]) -> str:
    shown = [view for view in fields if view.field.editable]
    lines = [f"# {section.label}. {section.intro}"]
    if not shown:
        return ""
    is_empty = not any(view.standing in KEPT for view in shown)
    lines.append(f"{section.key}:{' {}' if is_empty else ''}")
    for view in shown:
        lines.append(_kept(view) if view.standing in KEPT else _left_out(view))
    return "\n".join(lines) + "\n"


def _kept(view: FieldView) -> str:
    value: Any = view.value
    if view.standing is Standing.UNKNOWN:
        value = {"unknown": "true"}
    elif view.standing is Standing.NOT_APPLICABLE:
        value = {"not_applicable": view.reason}
    elif view.field.type is FieldType.TABLE:
        value = [{key: row.get(key, "") for key, _ in view.field.columns} for row in view.value]
    return textwrap.indent(_dump({view.field.key: value}), "  ", lambda line: True).rstrip("\n ")


def _left_out(view: FieldView) -> str:
    field = view.field
    if view.standing is Standing.PULLED:
        words = " ".join(view.words.split())[:300]
        return _comment(f"{field.key}: {words} ({view.origin}; write it here to override)", "  ")
    need = "required" if view.required else "optional"
    text = [_comment(f"{field.key}: {field.help} ({need})", "  ")]
    if field.type is FieldType.CHOICE:
        text.append(_comment(f"one of {', '.join(key for key, _ in field.choices)}", "    "))
    elif field.type is FieldType.TABLE:
        names = ", ".join(key for key, _ in field.columns)
        text.append(_comment(f"a list of rows with {names}", "    "))
    else:
        text.append(_comment(f"for example: {' / '.join(field.example.split(chr(10)))}", "    "))
    return "\n".join(text)


def _comment(text: str, indent: str) -> str:
    plain = "".join(char if char.isprintable() else " " for char in text)
    start = f"{indent}# "
    return textwrap.fill(
        plain, WIDTH, initial_indent=start, subsequent_indent=start, break_on_hyphens=False
    )


def _dump(value: dict[str, Any]) -> str:
    return yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=WIDTH)


def read(data: bytes) -> Reading:
    """What the file says, each answer with its line."""
    document = yaml_of(text_of(data))
    top = document.value
    if not isinstance(top, dict) or "signet_card" not in top:
        raise BadDocument(
            f"This YAML is no card of Signet: it has to begin with `signet_card: {FORMAT}`."
        )
    if top["signet_card"].value != FORMAT:
        raise BadDocument(
            f"Line {top['signet_card'].line}: `signet_card` has to be {FORMAT} and is "
            f"{str(top['signet_card'].plain)[:40]!r}."
        )
    schema = known_schema(top["schema"].plain if "schema" in top else None)
    reading = Reading(base=_base({key: top[key].plain for key in HEAD if key in top}))
    for key, node in top.items():
        section = schema.section(key)
        if key in HEAD or node.value is None:
            continue
        if section is None or not isinstance(node.value, dict):
            why = "There is no such section." if section is None else "Fields are expected here."
            reading.leave(f"line {node.line}, {key}", node.plain, why)
            continue
        known = {field.key: field for field in section.fields}
        for name, inner in node.value.items():
            _read_field(reading, known.get(name), f"{key}.{name}", inner)
    return reading


def _read_field(reading: Reading, field: Field | None, name: str, node: Node) -> None:
    place = f"line {node.line}"
    if node.value is None:
        return
    if field is None:
        reading.leave(f"{place}, {name}", node.plain, "The section has no such field.")
        return
    reading.answer(field.key, _answer(field, node.plain), place)


def _answer(field: Field, value: Any) -> Answer:
    if isinstance(value, dict) and set(value) == {"unknown"} and value["unknown"] == "true":
        return Answer(State.UNKNOWN)
    if isinstance(value, dict) and set(value) == {"not_applicable"}:
        return Answer(State.NOT_APPLICABLE, reason=value["not_applicable"] or "")
    if field.type is FieldType.CHOICE and isinstance(value, str):
        value = choice_of(field, value)
    elif field.type is FieldType.LIST and isinstance(value, str):
        value = [value]
    elif field.type is FieldType.TABLE and isinstance(value, list):
        value = [_row(field, row) for row in value]
    return Answer(State.WRITTEN, value)


def _row(field: Field, row: Any) -> Any:
    """A row with its columns' names, also where their labels were written; empty cells as text."""
    if not isinstance(row, dict):
        return row
    names = {label.casefold(): key for key, label in field.columns}
    known = {key for key, _ in field.columns}
    return {
        (key if key in known else names.get(key.casefold(), key)): "" if cell is None else cell
        for key, cell in row.items()
    }


def _base(head: dict[str, Any]) -> Base | None:
    number = str(head.get("revision") or "")
    if not number.isascii() or not number.isdigit() or len(number) > 9:
        return None
    names = head.get("of_model"), head.get("of_version")
    return Base(str(names[0]), str(names[1]), int(number), str(head.get("digest") or ""))
