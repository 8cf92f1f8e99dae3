"""An option that takes two words and may be given again: `--attr density +2 --attr contour =-3`.

Typer knows options of two words, and options that repeat, but not both in one, and it takes a word like
`-2` for an option. So a command of this class joins the two words that follow such an option into one
before Typer reads them: the option is then a plain `list[str]` whose items `split` takes apart.
"""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import typer
from arvae_music.cli.help import Command

PAIRS = ("--attr",)

# What joins the two words. No command line can contain it, so nothing that a user types is mistaken for it.
_JOIN = "\0"

# A change may begin with a minus; what goes on with a letter or another minus is the next option.
_OPTION = re.compile(r"-[-A-Za-z]")


class Pair(NamedTuple):
    """The two words after an option."""

    name: str
    value: str


class PairsCommand(Command):
    """A command whose options named in PAIRS take two words each time they are given."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Join the pairs, then parse as ever."""
        try:
            joined = join(args, self._metavars())
        except typer.BadParameter as error:
            error.ctx = ctx  # whose help explains the right call
            raise
        return super().parse_args(ctx, joined)

    def _metavars(self) -> dict[str, str]:
        """The options of this command that take pairs, and how the help names their words."""
        return {
            name: getattr(option, "metavar", None) or "NAME VALUE"
            for option in self.params
            for name in option.opts
            if name in PAIRS
        }


def join(args: Sequence[str], metavars: dict[str, str]) -> list[str]:
    """`args` with the two words after each of the options in `metavars` made one.

    Raises:
        typer.BadParameter: fewer than two words follow.
    """
    words = iter(args)
    out: list[str] = []
    for word in words:
        option, equals, first = word.partition("=")
        if word == "--":
            return [*out, word, *words]
        if option not in metavars:
            out.append(word)
            continue
        pair = [first, next(words, None)] if equals else [next(words, None), next(words, None)]
        if any(word is None or _OPTION.match(word) for word in pair):
            got = [word for word in pair if word is not None]
            says = f"got {' '.join(got)}" if got else "got none"
            raise typer.BadParameter(f"{option} takes two words, {metavars[option]}: {says}")
        out += [option, f"{pair[0]}{_JOIN}{pair[1]}"]
    return out


def split(values: Sequence[str] | None) -> list[Pair]:
    """The pairs that Typer hands to the command, in the order of the call."""
    return [Pair(*value.split(_JOIN)) for value in values or ()]
