"""Labels that know their colour and icon, so that no template decides it."""

from typing import Self


class Toned(str):
    """The label of a choice: `DONE = "done", Toned("Done", "green", "check")`.

    `{% badge job.get_state_display %}` draws it. Tones: grey, blue, cyan, green, yellow, orange,
    red, purple, pink; icons: static/vendor/icons/names.txt.
    """

    tone: str
    icon: str

    def __new__(cls, text: str, tone: str = "grey", icon: str = "") -> Self:
        """A string equal to `text` that carries `tone` and `icon`."""
        label = super().__new__(cls, text)
        label.tone = tone
        label.icon = icon
        return label
