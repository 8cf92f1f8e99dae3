"""The signs of a sheet as MusicXML elements, and the names that the two have for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from xml.sax.saxutils import escape

from arvae_music.formats.chords import Chord, chord_text, parse_chord
from arvae_music.formats.musicxml_note import Tag, decimal
from arvae_music.formats.sheet import BarSigns, ChordSymbol, Decoration, Line, Tempo, Text

NOTATIONS: Mapping[str, tuple[str, str]] = {
    "trill": ("ornaments", "trill-mark"),
    "turn": ("ornaments", "turn"),
    "invertedturn": ("ornaments", "inverted-turn"),
    "lowermordent": ("ornaments", "mordent"),
    "uppermordent": ("ornaments", "inverted-mordent"),
    "upbow": ("technical", "up-bow"),
    "downbow": ("technical", "down-bow"),
    "open": ("technical", "open-string"),
    "+": ("technical", "stopped"),
    "thumb": ("technical", "thumb-position"),
    "snap": ("technical", "snap-pizzicato"),
    "accent": ("articulations", "accent"),
    "staccato": ("articulations", "staccato"),
    "tenuto": ("articulations", "tenuto"),
    "wedge": ("articulations", "staccatissimo"),
    "slide": ("articulations", "scoop"),
    "breath": ("articulations", "breath-mark"),
    "marcato": ("articulations", "strong-accent"),
}
"""Group and element in a note's `<notations>` by decoration; a fermata has no group."""

OTHERS: Mapping[str, str] = {"roll": "other-ornament"}
"""Decorations that MusicXML has no element for: they are written as its others, by their names."""

FINGERS = frozenset("012345")
DYNAMICS = frozenset(
    ["pppp", "ppp", "pp", "p", "mp", "mf", "f", "ff", "fff", "ffff", "sfz"]
)  # fmt: skip
FERMATAS = {"fermata": "upright", "invertedfermata": "inverted"}
JUMPS: Mapping[str, tuple[str, str]] = {
    "D.C.": ("D.C.", 'sound dacapo="yes"'),
    "D.S.": ("D.S.", 'sound dalsegno="segno"'),
    "fine": ("Fine", 'sound fine="yes"'),
}
"""Words and playback of the jumps."""

WRITABLE = frozenset([*NOTATIONS, *OTHERS, *FINGERS, *DYNAMICS, *FERMATAS, *JUMPS, "segno", "coda"])
"""Every decoration that is written."""

MISCELLANEOUS: Mapping[str, str] = {
    "T": "subtitle", "O": "origin", "R": "rhythm", "B": "book", "D": "discography", "F": "file",
    "G": "group", "H": "history", "N": "notes", "W": "words",
}  # fmt: skip
"""Names of the `<miscellaneous-field>` elements for credits that have no element of their own."""

_GROUPS = ("ornaments", "technical", "articulations")
_BEATS = {
    Fraction(4): "whole", Fraction(2): "half", Fraction(1): "quarter", Fraction(1, 2): "eighth",
    Fraction(1, 4): "16th", Fraction(1, 8): "32nd",
}  # fmt: skip
BEATS: Mapping[str, Fraction] = {name: beat for beat, name in _BEATS.items()}
"""Quarter notes of a `<beat-unit>`."""


def notations(decorations: Iterable[Decoration]) -> list[Tag]:
    """The children of `<notations>` for a note's decorations."""
    groups: dict[str, list[Tag]] = {name: [] for name in _GROUPS}
    fermatas = []
    for name in dict.fromkeys(one.name for one in decorations):
        if name in NOTATIONS:
            group, tag = NOTATIONS[name]
            groups[group].append(Tag(tag))
        elif name in OTHERS:
            groups["ornaments"].append(Tag(OTHERS[name], name))
        elif name in FINGERS:
            groups["technical"].append(Tag("fingering", name))
        elif name in FERMATAS:
            fermatas.append(Tag(f'fermata type="{FERMATAS[name]}"'))
    return [Tag(name, tuple(tags)) for name, tags in groups.items() if tags] + fermatas


def is_direction(decoration: Decoration) -> bool:
    """Whether it is written as a `<direction>` and not at a note."""
    name = decoration.name
    return name in DYNAMICS or name in JUMPS or name in ("segno", "coda")


def harmony(chord: ChordSymbol, offset: Fraction) -> Tag | None:
    """A `<harmony>`; `offset` in divisions, from where it stands."""
    found = parse_chord(chord.text)
    if found is None:
        return None
    root = Tag("root", tuple(_step_tags("root", found.root)))
    quality = chord.text.partition("/")[0].lstrip("ABCDEFG")
    quality = quality[1:] if found.root[1] else quality
    kind = Tag(f'kind text="{escape(quality, _QUOTE)}"', found.kind)
    bass = [Tag("bass", tuple(_step_tags("bass", found.bass)))] if found.bass is not None else []
    degrees = [
        Tag(
            "degree",
            (
                Tag("degree-value", str(degree.value)),
                Tag("degree-alter", str(degree.alter)),
                Tag("degree-type", degree.type),
            ),
        )
        for degree in found.degrees
    ]
    return Tag("harmony", (root, kind, *bass, *degrees, *_offset(offset)))


_QUOTE = {'"': "&quot;"}


def _step_tags(name: str, note: tuple[str, int]) -> Iterator[Tag]:
    yield Tag(f"{name}-step", note[0])
    if note[1]:
        yield Tag(f"{name}-alter", str(note[1]))


def read_harmony(chord: Chord, text: str) -> str | None:
    """A chord symbol as ABC writes it: with the words of the score where they mean the same."""
    usual = chord_text(chord)
    head = chord_text(Chord(chord.root, "major"))
    bass = usual.partition("/")[2] if usual is not None else ""
    said = f"{head}{text.strip()}" + (f"/{bass}" if bass else "")
    return said if text.strip() and parse_chord(said) == chord else usual


def direction_of_text(text: Text, offset: Fraction) -> Tag:
    """Words, or the name of a part."""
    words = escape(" ".join(text.words.split()))
    if text.place == "part":
        return _direction("above", [Tag("rehearsal", words)], offset)
    return _direction(text.place, [Tag("words", words)], offset)


def direction_of_sign(decoration: Decoration, offset: Fraction) -> Tag:
    """A dynamic, a segno, a coda, or a jump."""
    name = decoration.name
    if name in JUMPS:
        words, sound = JUMPS[name]
        return _direction("above", [Tag("words", words)], offset, [Tag(sound)])
    if name in DYNAMICS:
        return _direction("below", [Tag("dynamics", (Tag(name),))], offset)
    return _direction("above", [Tag(name)], offset, [Tag(f'sound {name}="{name}"')])


def direction_of_tempo(tempo: Tempo, offset: Fraction) -> Tag:
    """Words, a metronome mark, and the quarters a minute that are played."""
    kinds = [Tag("words", escape(tempo.words))] if tempo.words else []
    if tempo.rate is None:
        return _direction("above", kinds, offset)
    drawn = metronome(tempo)
    kinds += [drawn] if drawn is not None else []
    sound = Tag(f'sound tempo="{decimal(tempo.rate * tempo.beat)}"')
    return _direction("above", kinds or [Tag("words", "")], offset, [sound])


def metronome(tempo: Tempo) -> Tag | None:
    """A metronome mark; None where no note is as long as the beat."""
    for dots, factor in ((0, Fraction(1)), (1, Fraction(2, 3))):
        if tempo.beat * factor in _BEATS and tempo.rate is not None:
            unit = Tag("beat-unit", _BEATS[tempo.beat * factor])
            rate = Tag("per-minute", decimal(tempo.rate))
            return Tag("metronome", (unit, *[Tag("beat-unit-dot")] * dots, rate))
    return None


def _direction(place: str, kinds: list[Tag], offset: Fraction, sound: Iterable[Tag] = ()) -> Tag:
    typed = (Tag("direction-type", (kind,)) for kind in kinds)
    return Tag(f'direction placement="{place}"', (*typed, *_offset(offset), *sound))


def _offset(offset: Fraction) -> list[Tag]:
    return [Tag("offset", decimal(offset))] if offset else []


def left_line(bar: BarSigns) -> Tag | None:
    """The line before a bar, where it is not a plain one."""
    style = [Tag("bar-style", "heavy-light")] if bar.opens else []
    ending = [Tag(f'ending number="{_numbers(bar)}" type="start"')] if bar.endings else []
    repeat = [Tag('repeat direction="forward"')] if bar.opens else []
    children = (*style, *ending, *repeat)
    return Tag('barline location="left"', children) if children else None


def right_line(bar: BarSigns, endings: tuple[int, ...], fermata: str | None) -> Tag | None:
    """The line behind a bar.

    Args:
        bar: its signs.
        endings: the numbers of the ending that it may stop.
        fermata: the name of one that stands on it.
    """
    style = (
        "light-heavy" if bar.closes else {Line.DOUBLE: "light-light", Line.FINAL: "light-heavy"}.get(bar.line)
    )
    kind = "stop" if bar.closes or bar.line == Line.FINAL else "discontinue"
    numbers = _numbers(BarSigns(endings=endings))
    children = [Tag("bar-style", style)] if style else []
    children += [Tag(f'fermata type="{FERMATAS[fermata]}"')] if fermata else []
    children += [Tag(f'ending number="{numbers}" type="{kind}"')] if bar.stops and endings else []
    if bar.closes:
        count = played(bar.closes, endings)
        times = f' times="{count}"' if count > 2 else ""
        children.append(Tag(f'repeat direction="backward"{times}'))
    return Tag('barline location="right"', tuple(children)) if children else None


def played(closes: int, endings: tuple[int, ...]) -> int:
    """How often a repeated section is played: once for each number of its endings, and once more."""
    return max(closes, max(endings) + 1) if len(endings) > 1 else closes


def _numbers(bar: BarSigns) -> str:
    return ", ".join(map(str, bar.endings))
