"""Make sprite.svg from the outline icons named in names.txt: `make_sprite.py FOLDER_OF_ICONS`."""

import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ATTRIBUTES = (
    'viewBox="0 0 24 24" fill="none" stroke="currentColor" '
    'stroke-linecap="round" stroke-linejoin="round"'
)


def symbol(folder: Path, name: str) -> str:
    """One icon as a symbol with the icon's name as its id."""
    text = (folder / f"{name}.svg").read_text(encoding="utf-8")
    body = re.search(r"<svg[^>]*>(.*)</svg>", text, re.DOTALL)
    if body is None:
        raise SystemExit(f"{name}.svg holds no <svg> element.")
    shapes = re.sub(r">\s+<", "><", body.group(1).strip())
    return f'<symbol id="{name}" {ATTRIBUTES}>{shapes}</symbol>'


def main() -> None:
    """Write sprite.svg beside this file."""
    folder = Path(sys.argv[1])
    names = (HERE / "names.txt").read_text(encoding="utf-8").split()
    symbols = "\n".join(symbol(folder, name) for name in names)
    sprite = f'<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}\n</svg>\n'
    (HERE / "sprite.svg").write_text(sprite, encoding="utf-8")


if __name__ == "__main__":
    main()
