"""Help for people: arguments without the types of the language that this is written in."""

import re
from typing import Any

from typer.core import TyperCommand

_TYPE = re.compile(r" <[\w\[\], ]+>(?= |$)", re.MULTILINE)


class Command(TyperCommand):
    """A command whose help says `CORPUS`, where Typer says `CORPUS <list[str]>`."""

    def get_help(self, ctx: Any) -> str:
        """The help; blanks stand for what goes, so that the columns stay."""
        return _TYPE.sub(lambda found: " " * len(found[0]), super().get_help(ctx))
