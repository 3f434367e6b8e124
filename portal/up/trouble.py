"""The one error of this package."""


class Trouble(Exception):
    """Something the person at the keyboard can put right: what happened and what to do."""
