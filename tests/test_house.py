"""The limits of the house style: small functions, small files, types and a sentence everywhere."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services import REPOSITORY

LONGEST_FUNCTION, LONGEST_FILE, LONGEST_TEMPLATE = 60, 500, 150
APPS = ("portal", "registry", "monitoring", "governance", "sdk")
BANNED_NAMES = {"utils.py", "helpers.py"}
HEAVY = {"mlflow", "pandas", "plotly", "evidently", "sklearn", "statsmodels", "pyarrow", "feast"}


def python_files(*folders: str) -> list[Path]:
    found = (path for folder in folders for path in (REPOSITORY / folder).rglob("*.py"))
    return sorted(path for path in found if "migrations" not in path.parts)


def templates() -> list[Path]:
    return sorted((REPOSITORY / "templates").rglob("*.html"))


def functions(path: Path) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, bool]]:
    """Every function of a file, and whether it is one that other files may call."""
    tree = ast.parse(path.read_text())
    top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node, id(node) in top and not node.name.startswith("_")


def place(path: Path, line: int = 0) -> str:
    return f"{path.relative_to(REPOSITORY)}:{line}"


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def test_functions_are_short() -> None:
    assert [
        f"{place(path, node.lineno)} {node.name}: {node.end_lineno - node.lineno + 1} lines"
        for path in python_files(*APPS, "tests", "benchmarks")
        for node, _ in functions(path)
        if node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION
    ] == []


def test_files_are_short() -> None:
    files = python_files(*APPS, "tests", "benchmarks")
    assert [place(path) for path in files if lines(path) > LONGEST_FILE] == []


def test_templates_are_short() -> None:
    assert [place(path) for path in templates() if lines(path) > LONGEST_TEMPLATE] == []


def test_public_functions_have_a_sentence() -> None:
    assert [
        f"{place(path, node.lineno)} {node.name}"
        for path in python_files(*APPS)
        for node, public in functions(path)
        if public and not ast.get_docstring(node)
    ] == []


def test_functions_are_typed() -> None:
    assert [
        f"{place(path, node.lineno)} {node.name}"
        for path in python_files(*APPS)
        for node, _ in functions(path)
        if node.returns is None and node.name != "__init__"
    ] == []


def test_no_file_is_a_drawer_for_everything() -> None:
    assert [place(path) for path in python_files(*APPS) if path.name in BANNED_NAMES] == []


@pytest.mark.parametrize("pattern", [" style=", "<style", " onclick=", " onchange=", "javascript:"])
def test_templates_fit_the_content_security_policy(pattern: str) -> None:
    assert [place(path) for path in templates() if pattern in path.read_text().lower()] == []


def test_no_heavy_library_is_imported_when_a_module_is() -> None:
    """The web process starts in a second because these are imported inside functions."""
    assert [
        f"{place(path, node.lineno)} {name}"
        for path in python_files("portal", "registry", "monitoring", "governance")
        for node in ast.parse(path.read_text()).body
        for name in imported(node)
        if name.split(".")[0] in HEAVY
    ] == []


def imported(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module]
    return []
