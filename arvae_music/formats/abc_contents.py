"""What an ABC tune holds beside its melody."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from arvae_music.formats.abc_edit import AbcSource
from arvae_music.formats.abc_events import Field, Grace, Mark, field_of, is_field
from arvae_music.formats.abc_places import BarPlace
from arvae_music.formats.contents import Content, counted, notated

_BAR_LINE = re.compile(r"[\[\]:|]+(?:\s*\[?\d)?")
_ANNOTATION = re.compile(r'"[\^_<>@]')
_NEEDED = "XTMLKV"
"""Fields that a melody has."""


def contents(source: AbcSource) -> dict[Content, str]:
    """Everything else of the tune, but for its line breaks."""
    counts: Counter[Content] = Counter(
        kind for place in source.voice.places for kind in _of_bar(place, source.file.text)
    )
    lines = [line.text for line in source.tune.lines]
    letters = dict.fromkeys(field_of(line).letter for line in lines if is_field(line))
    others = [letter for letter in letters if letter not in f"{_NEEDED}QwWs"]
    found = counted(
        {
            Content.PARTS: (len(source.tune.voices()) - 1, "other part"),
            Content.CHORD_SYMBOLS: (counts[Content.CHORD_SYMBOLS], "chord symbol"),
            Content.LYRICS: (sum(line.lstrip()[:2] in ("w:", "W:") for line in lines), "line of lyrics"),
            Content.REPEATS: (counts[Content.REPEATS], "sign of repeats or endings"),
            Content.KEY_CHANGES: (counts[Content.KEY_CHANGES], "change of key"),
            Content.GRACE_NOTES: (counts[Content.GRACE_NOTES], "group of grace notes"),
            Content.SIGNS: (counts[Content.SIGNS], "decoration"),
            Content.SLURS: (counts[Content.SLURS], "slur"),
            Content.TEXTS: (counts[Content.TEXTS], "annotation"),
            Content.LAYOUT: (
                sum(line.lstrip().startswith("%") for line in lines),
                "line of comments or directives",
            ),
        }
    )
    if "Q" in letters:
        found[Content.TEMPO] = "the tempo"
    if others:
        found[Content.FIELDS] = f"the field{'s' if len(others) > 1 else ''} {', '.join(others)}"
    return found | notated(source.melody)


def _of_bar(place: BarPlace, text: str) -> Iterator[Content]:
    rest = list(text[place.start : place.end])
    for item in place.items:
        event = item.event
        rest[event.start - place.start : event.end - place.start] = " " * (event.end - event.start)
        if isinstance(event, Grace):
            yield Content.GRACE_NOTES
        elif isinstance(event, Field) and event.letter == "K":
            yield Content.KEY_CHANGES
        elif isinstance(event, Mark) and event.kind == "text":
            annotation = _ANNOTATION.match(text, event.start)
            yield Content.TEXTS if annotation else Content.CHORD_SYMBOLS
        elif isinstance(event, Mark) and event.kind == "sign":
            yield Content.SIGNS
        elif isinstance(event, Mark) and event.kind == "ending":
            yield Content.REPEATS
    for line in "".join(rest).splitlines():
        if not is_field(line):
            yield from [Content.SLURS] * line.partition("%")[0].count("(")
    line_after = _BAR_LINE.match(text, place.end)
    if line_after is not None and re.search(r"[:\d]", line_after[0]):
        yield Content.REPEATS
