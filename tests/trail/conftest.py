"""The trail of these tests keeps its key and its anchor file in a folder of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_places(settings: object, tmp_path: Path) -> Path:
    settings.TRAIL_KEY_FILE = tmp_path / "secrets" / "trail.pem"
    settings.TRAIL_ANCHOR_DIR = tmp_path / "anchors"
    settings.TRAIL_ANCHOR_MAIL = []
    return tmp_path


@pytest.fixture
def ground_of_owner(db: None, own_places: Path) -> Iterator[None]:
    """An empty trail, and the rights of the tables' owner."""
    from tests.trail import ground

    with ground.as_owner():
        ground.empty_trail()
        yield


@pytest.fixture
def hundred(ground_of_owner: None) -> None:
    """A hundred events, anchored at the fortieth and at the last, with the triggers off."""
    from tests.trail import ground

    ground.write_events(40)
    ground.anchor()
    ground.write_events(60)
    ground.anchor()
    ground.disarm()
