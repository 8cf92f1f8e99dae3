"""Help for people: arguments without the types of the language that this is written in."""

import re
from typing import Any

from typer.core import TyperCommand

_TYPE = re.compile(r" <[\w\[\], ]+>(?= |$)", re.MULTILINE)
_BRACES = re.compile(r"\{([A-Z]+)\}")


class Command(TyperCommand):
    """A command whose help says `CORPUS`, where Typer says `{CORPUS}` and `CORPUS <list[str]>`."""

    def get_help(self, ctx: Any) -> str:
        """The help; blanks stand for types, so that the columns stay."""
        usage, *rest = super().get_help(ctx).split("\n\n", 1)
        text = "\n\n".join([_BRACES.sub(r"\1", usage), *rest])
        return _TYPE.sub(lambda found: " " * len(found[0]), text)
