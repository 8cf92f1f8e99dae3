"""Errors that a user can cause, each with a one-line message: what, where, what to do."""


class ArvaeError(Exception):
    """Something outside the program is wrong: a file, a corpus, a checkpoint, the disk."""

    exit_code = 1


class UsageError(ArvaeError):
    """The call itself is wrong: an unknown attribute, a value out of range, an existing output."""

    exit_code = 2
