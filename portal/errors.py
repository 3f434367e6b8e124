"""The four ways an action can fail; one handler turns each into a page, a fragment or JSON."""

from collections.abc import Mapping


class SignetError(Exception):
    """Base of the errors that a person reads."""

    status = 400
    title = "That did not work"

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class Invalid(SignetError):
    """Something that was sent is not acceptable; `fields` names each place and why."""

    status = 400
    title = "Please check what you entered"

    def __init__(
        self, message: str, *, fields: Mapping[str, list[str]] | None = None, code: str = "invalid"
    ) -> None:
        super().__init__(message, code=code)
        self.fields = dict(fields or {})

    @classmethod
    def at(cls, field: str, text: str) -> "Invalid":
        """What is wrong with one field, said there and as the whole."""
        return cls(text, fields={field: [text]})


class Denied(SignetError):
    """The actor may not do this; the message says which role may, and whom to ask."""

    status = 403
    title = "You may not do this"

    def __init__(self, message: str, *, code: str = "denied") -> None:
        super().__init__(message, code=code)


class Conflict(SignetError):
    """What was read has changed since, or the subject is in the wrong state."""

    status = 409
    title = "This has changed in the meantime"

    def __init__(self, message: str, *, code: str = "conflict") -> None:
        super().__init__(message, code=code)


class Upstream(SignetError):
    """Another system did not answer (`permanent=False`) or refused for good (`permanent=True`)."""

    status = 503
    title = "Another system is not answering"

    def __init__(self, message: str, *, permanent: bool, code: str = "upstream") -> None:
        super().__init__(message, code=code)
        self.permanent = permanent


class TooLong(SignetError):
    """More was sent than Signet takes at once; nothing of it was read."""

    status = 413
    title = "That is too large"

    def __init__(self, size: int) -> None:
        super().__init__(
            f"What was sent is {size / 1024 / 1024:.0f} MB; a file of at most 25 MB fits. Nothing "
            "was saved. Send a smaller file, or write the address of the whole one in the answer.",
            code="content-too-large",
        )
