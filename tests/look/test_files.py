"""What is served to browsers: its size, its licences, and that nothing needs an exception."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse

from portal.context import ACCOUNT, NAVIGATION
from portal.icons import icon_names

ROOT = Path(settings.BASE_DIR)
STATIC = ROOT / "static"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))


def test_the_stylesheet_stays_small() -> None:
    assert (STATIC / "css" / "portal.css").stat().st_size <= 20 * 1024


def test_every_vendored_folder_has_its_licence_and_a_line_in_the_list() -> None:
    listed = (STATIC / "vendor" / "VERSIONS.md").read_text(encoding="utf-8")
    for folder in (path for path in (STATIC / "vendor").iterdir() if path.is_dir()):
        assert (folder / "LICENSE").exists(), folder
        assert f"`{folder.name}/`" in listed


def test_the_sprite_holds_exactly_the_named_icons() -> None:
    sprite = (STATIC / "vendor" / "icons" / "sprite.svg").read_text(encoding="utf-8")
    assert set(re.findall(r'<symbol id="([^"]+)"', sprite)) == icon_names()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_templates_need_no_exception_from_the_content_security_policy(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"<[^>]*\sstyle=", text), "an inline style"
    assert not re.search(r"<[^>]*\son\w+=", text), "an on... attribute"
    assert "<style" not in text
    for tag in re.findall(r"<script[^>]*>", text):
        assert "src=" in tag or "application/json" in tag, tag
    assert not re.search(r"hx-(on|vars)|hx-vals=['\"]js:", text), "htmx would have to evaluate it"


@pytest.mark.parametrize("name", [entry[2] for entry in (*NAVIGATION, *ACCOUNT)])
def test_everything_in_the_navigation_leads_somewhere(name: str) -> None:
    assert reverse(name)
