"""Errors that are meant for people, and how what they name is shown."""


class UserError(Exception):
    """Something a person can mend: what is wrong, where, and what to do next. The command line exits with 2."""


def printable(text: str) -> str:
    """The text for a message to a person: what a terminal might act on is shown escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
