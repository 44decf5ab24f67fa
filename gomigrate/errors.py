"""Errors that are meant for people."""


class UserError(Exception):
    """Something a person can mend: what is wrong, where, and what to do next. The command line exits with 2."""
