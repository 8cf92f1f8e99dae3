"""What an ABC tune holds that no sheet does."""

from __future__ import annotations

from arvae_music.formats.abc_edit import AbcSource
from arvae_music.formats.abc_events import field_of, is_field
from arvae_music.formats.contents import Content
from arvae_music.formats.sheet import CREDITS

_READ = frozenset("XTMLKVQPw+") | frozenset(CREDITS)
"""Fields that a melody or a sheet has; `P:` in a tune's head, which orders its parts, is in none."""


def contents(source: AbcSource) -> dict[Content, int]:
    """Comments, other voices, and fields that are not understood."""
    lines = [line.text for line in source.tune.lines]
    letters = [field_of(line).letter for line in lines if is_field(line)]
    head = letters[: letters.index("K")] if "K" in letters else letters
    other = sum(letter not in _READ for letter in letters) + head.count("P")
    comments = sum(
        line.lstrip().startswith("%") and not line.lstrip().startswith("%%abc-copyright") for line in lines
    )
    return {
        Content.PARTS: len(source.tune.voices()) - 1,
        Content.CREDITS: other,
        Content.LAYOUT: comments,
    }
