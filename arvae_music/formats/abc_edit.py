"""An edit in place: new texts of the bars that changed, in an ABC file that keeps every other character."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

from arvae_music.errors import ArvaeError
from arvae_music.formats.abc import AbcTune, Voice, split_tunes
from arvae_music.formats.abc_elements import Element, elements_of
from arvae_music.formats.abc_events import Mark, Sound
from arvae_music.formats.abc_lyrics import Change, SungLine, lyric_changes, lyrics_problem, sung_lines
from arvae_music.formats.abc_rhythm import Piece, written_rhythm
from arvae_music.formats.abc_slots import beams_of, chord_cuts, fill, tie_cuts
from arvae_music.formats.abc_spelling import usual_names
from arvae_music.formats.abc_text import AbcText
from arvae_music.formats.abc_write import Slot, Style, bar_text
from arvae_music.formats.tune import Notice
from arvae_music.melody import Bar, Melody

_EXPLICIT_DOT = re.compile(r"[A-Ga-gz][,']*3/2?(?!\d)")
_SLASH = re.compile(r"(?<!\d)/(?![\d/])")
_SLASH_TWO = re.compile(r"(?<!\d)/2(?!\d)")


@dataclass(frozen=True)
class AbcSource:
    """What an edit in place needs: the file's text, and one voice of one of its tunes.

    `index` is the tune's place in the book, `name` the voice's.
    """

    file: AbcText
    tune: AbcTune
    index: int
    name: str
    voice: Voice

    @cached_property
    def lyrics(self) -> list[SungLine]:
        """The tune's lines of music that have lyrics."""
        return sung_lines(self.tune.lines)

    @cached_property
    def problems(self) -> list[str | None]:
        """Why each bar cannot be written in its place, or None."""
        return [place.problem or lyrics_problem(place, self.lyrics) for place in self.voice.places]

    @property
    def melody(self) -> Melody:
        """The melody, in which bars that cannot be written in their place say so."""
        melody = self.voice.melody
        bars = (
            replace(bar, problem=bar.problem or problem)
            for bar, problem in zip(melody.bars, self.problems, strict=True)
        )
        return replace(melody, bars=tuple(bars))

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What a singer should know."""
        text = (
            "syllables keep their notes: added notes hold the syllable before them, "
            "and those of removed notes are joined to the one before"
        )
        return (Notice("lyrics", text),) if self.lyrics else ()


def edited(source: AbcSource, melody: Melody) -> bytes:
    """The source file with the bars of `melody` in the place of those that it was read as.

    Raises:
        ArvaeError: a bar cannot be written in its place.
    """
    text = source.file.text
    for change in reversed(changes(source, melody)):
        text = text[: change.start] + change.text + text[change.end :]
    _check(source, melody, text)
    return source.file.encode(text)


def changes(source: AbcSource, melody: Melody) -> list[Change]:
    """What an edit changes in the file's text, in order."""
    old, new = (bars_of(each) for each in (source.voice.melody, melody))
    if len(old) != len(new):
        raise ArvaeError("the tune's bars are not those of the ABC file: it cannot be written in place")
    touched = [index for index, (a, b) in enumerate(zip(old, new, strict=True)) if a != b]
    if not touched:
        return []
    style = style_of(source)
    found = []
    onsets = {}
    for index in touched:
        change, slots = _changed_bar(source, index, new[index], style)
        found += [change, *_loose_tie(source, index, new[index], touched)]
        onsets[index] = [slot.piece.start for slot in slots if slot.piece.pitches]
    found += lyric_changes(source.lyrics, source.voice.places, onsets)
    return sorted(found, key=lambda change: change.start)


def bars_of(melody: Melody) -> list[list[Piece]]:
    """Every bar's notes and rests, without gaps.

    Raises:
        ArvaeError: notes overlap that do not start and end together.
    """
    starts = [bar.start for bar in melody.bars]
    rows: list[dict[tuple[Fraction, Fraction, bool, bool], list[int]]] = [{} for _ in melody.bars]
    for note in melody.notes:
        index = max(bisect_right(starts, note.onset) - 1, 0)
        while index < len(rows) and melody.bars[index].start < note.end:
            bar = melody.bars[index]
            span = max(note.onset, bar.start) - bar.start, min(note.end, bar.end) - bar.start
            rows[index].setdefault((*span, note.onset < bar.start, note.end > bar.end), []).append(note.pitch)
            index += 1
    return [list(_filled(row, bar)) for row, bar in zip(rows, melody.bars, strict=True)]


def _filled(row: dict[tuple[Fraction, Fraction, bool, bool], list[int]], bar: Bar) -> Iterable[Piece]:
    now = Fraction(0)
    for (start, end, tied, ties), pitches in sorted(row.items()):
        if start > now:
            yield Piece(now, start, ())
        yield Piece(start, end, tuple(sorted(pitches)), tied, ties)
        now = max(now, end)
    if now < bar.length:
        yield Piece(now, bar.length, ())


def _changed_bar(
    source: AbcSource, index: int, pieces: Sequence[Piece], style: Style
) -> tuple[Change, list[Slot]]:
    place, bar = source.voice.places[index], source.voice.melody.bars[index]
    if source.problems[index] is not None:
        raise ArvaeError(f"measure {bar.number} cannot be written in its place: {source.problems[index]}")
    if any(before.end > after.start for before, after in pairwise(pieces)):
        raise ArvaeError(f"measure {bar.number} cannot be written in its place: its notes overlap")
    old = elements_of(source.file.text, place)
    rhythm = written_rhythm(pieces, bar.meter, tie_cuts(old, pieces) | chord_cuts(old, pieces))
    slots, tail, _ = fill(old, rhythm.pieces)
    if slots[0].piece.tied:
        slots[0].source = old.sounds[0]
    text = bar_text(slots, rhythm, meter=bar.meter, unit=old.unit, key=old.key, style=style)
    text += "".join(element.space + element.text for element in tail)
    return Change(old.start, old.end, text), slots


def _loose_tie(
    source: AbcSource, index: int, pieces: Sequence[Piece], touched: Sequence[int]
) -> list[Change]:
    """Take away a `-` to another pitch before an edited bar that begins with the note before it now.

    Old books write slurs so; it would become a tie.
    """
    if not index or index - 1 in touched or pieces[0].tied:
        return []
    items = source.voice.places[index - 1].items
    sounds = [item for item in items if isinstance(item.event, Sound)]
    signs = [item.event for item in items if isinstance(item.event, Mark) and item.event.kind == "tie"]
    last = sounds[-1] if sounds else None
    if last is None or not isinstance(last.event, Sound) or not last.event.tied or not signs:
        return []
    if not set(last.pitches) & set(pieces[0].pitches):
        return []
    return [Change(signs[-1].start, signs[-1].end, "")]


def style_of(source: AbcSource) -> Style:
    """The habits of a voice."""
    places, bars = source.voice.places, source.voice.melody.bars
    texts = [elements_of(source.file.text, place) for place in places]
    sounds = [sound for text in texts for sound in text.sounds]
    halves = [(len(_SLASH.findall(sound.text)), len(_SLASH_TWO.findall(sound.text))) for sound in sounds]
    broken = any(text.broken for text in texts)
    beams = beams_of([(text, bar.meter) for text, bar in zip(texts, bars, strict=True)])
    dotted = any(_EXPLICIT_DOT.fullmatch(sound.text) for sound in sounds)
    return Style(
        half="/2" if sum(two for _, two in halves) > sum(one for one, _ in halves) else "/",
        broken=broken or not dotted,
        spaced=beams.spaced,
        by_beat=beams.by_beat,
        usual=usual_names(list(_names(sounds))),
    )


def _names(sounds: Iterable[Element]) -> Iterable[tuple[str, int]]:
    for sound in sounds:
        if sound.name is not None and sound.pitch is not None:
            yield sound.name.text, sound.pitch


def _check(source: AbcSource, melody: Melody, text: str) -> None:
    """Read the new text: what it says must be what was meant."""
    tunes: list[AbcTune] = split_tunes(text)
    voice = tunes[source.index].placed_voices().get(source.name)
    old = source.voice.melody
    if voice is None or voice.melody != replace(old, notes=melody.notes):
        raise ArvaeError(
            f"'{old.title}' cannot be written in its place: its ABC does not say the edited notes; "
            "name an output that ends in .mid"
        )
