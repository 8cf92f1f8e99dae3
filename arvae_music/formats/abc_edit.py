"""An edit in place: new texts of the bars that changed, in an ABC file that keeps every other character."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

from arvae_music.errors import ArvaeError
from arvae_music.formats.abc import AbcTune, Voice, split_tunes
from arvae_music.formats.abc_elements import BarText, Element, elements_of
from arvae_music.formats.abc_events import Mark, Sound
from arvae_music.formats.abc_fields import misunderstood
from arvae_music.formats.abc_lyrics import (
    Change,
    SungLine,
    lost_words,
    lyric_changes,
    lyrics_problem,
    sung_lines,
)
from arvae_music.formats.abc_rhythm import Piece, Rhythm, written_rhythm
from arvae_music.formats.abc_slots import Filled, beams_of, chord_cuts, fill, tie_cuts
from arvae_music.formats.abc_spelling import usual_names
from arvae_music.formats.abc_text import AbcText
from arvae_music.formats.abc_write import Slot, Style, bar_text
from arvae_music.formats.tune import Again, Notice
from arvae_music.melody import Bar, Melody

_EXPLICIT_DOT = re.compile(r"[A-Ga-gz][,']*3/2?(?!\d)")
_SLASH = re.compile(r"(?<!\d)/(?![\d/])")
_LIKE_A_FIELD = re.compile(r"[A-Z]:(?!\|)")  # in `C::`, music21 takes the note for a field
_MISREAD = "its ABC would be read otherwise"
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
        melody = self.voice.sounding(self.voice.melody)
        bars = (
            replace(bar, problem=bar.problem or problem)
            for bar, problem in zip(melody.bars, self.problems, strict=True)
        )
        return replace(melody, bars=tuple(bars))

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What was not understood."""
        return tuple(Notice("reader", text) for text in misunderstood(self.tune.lines))

    def read_again(self, melody: Melody) -> Again:
        """What goes with the notes that are gone, by measure, and bars that cannot be in their place.

        These cannot be written there, or would be read otherwise.
        """
        written = self.voice.written(melody)
        new = _touched(self, written)
        filled = {
            index: _filled_bar(self, index, pieces)[2]
            for index, pieces in new.items()
            if _problem(self, index, pieces) is None
        }
        notices = (*_departures(self, new, filled), *_sung_otherwise(self, filled))
        return Again(self, notices, _misread(self, written))


def edited(source: AbcSource, melody: Melody) -> bytes:
    """The source file with the bars of `melody` in the place of those that it was read as.

    Raises:
        ArvaeError: a bar cannot be written in its place.
    """
    melody = source.voice.written(melody)
    text = _rewritten(source, melody)
    _check(source, melody, text)
    return source.file.encode(text)


def changes(source: AbcSource, melody: Melody) -> list[Change]:
    """What an edit changes in the file's text, in order; `melody` as it is written."""
    new = _touched(source, melody)
    if not new:
        return []
    style = style_of(source)
    found = []
    onsets = {}
    for index, pieces in new.items():
        change, slots = _changed_bar(source, index, pieces, style)
        found += [change, *_loose_tie(source, index, pieces, new)]
        onsets[index] = _onsets(slots)
    found += lyric_changes(source.lyrics, source.voice.places, onsets)
    return sorted(found, key=lambda change: change.start)


def _onsets(slots: Sequence[Slot]) -> list[Fraction]:
    """Where the written notes of a bar begin."""
    return [slot.piece.start for slot in slots if slot.piece.pitches]


def _touched(source: AbcSource, melody: Melody) -> dict[int, list[Piece]]:
    """The bars that are others in `melody`, by index."""
    old, new = (bars_of(each) for each in (source.voice.melody, melody))
    if len(old) != len(new):
        raise ArvaeError("the tune's bars are not those of the ABC file: it cannot be written in place")
    return {index: b for index, (a, b) in enumerate(zip(old, new, strict=True)) if a != b}


def _rewritten(source: AbcSource, melody: Melody) -> str:
    """The file's text with a melody as it is written."""
    text = source.file.text
    for change in reversed(changes(source, melody)):
        text = text[: change.start] + change.text + text[change.end :]
    return text


def _problem(source: AbcSource, index: int, pieces: Sequence[Piece]) -> str | None:
    """Why a bar cannot be written in its place, or None."""
    overlaps = any(before.end > after.start for before, after in pairwise(pieces))
    return source.problems[index] or ("its notes overlap" if overlaps else None)


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
    bar = source.voice.melody.bars[index]
    problem = _problem(source, index, pieces)
    if problem is not None:
        raise ArvaeError(f"measure {bar.number} cannot be written in its place: {problem}")
    old, rhythm, (slots, tail, _) = _filled_bar(source, index, pieces)
    if slots[0].piece.tied:
        slots[0].source = old.sounds[0]
    text = bar_text(slots, rhythm, meter=bar.meter, unit=old.unit, key=old.key, style=style)
    text += "".join(element.space + element.text for element in tail)
    if _LIKE_A_FIELD.match(text[-1:] + source.file.text[old.end : old.end + 2]):
        text += " "
    return Change(old.start, old.end, text), slots


def _filled_bar(source: AbcSource, index: int, pieces: Sequence[Piece]) -> tuple[BarText, Rhythm, Filled]:
    old = elements_of(source.file.text, source.voice.places[index])
    cuts = tie_cuts(old, pieces) | chord_cuts(old, pieces)
    rhythm = written_rhythm(pieces, source.voice.melody.bars[index].meter, cuts)
    return old, rhythm, fill(old, rhythm.pieces)


def _departures(
    source: AbcSource, new: Mapping[int, Sequence[Piece]], filled: Mapping[int, Filled]
) -> Iterator[Notice]:
    for index, (_, _, gone) in filled.items():
        names = ["a slur into it"] * len(_loose_tie(source, index, new[index], new))
        names += ["a slur" if element.text == "(" else element.text for element in gone]
        if names:
            text = f"gone with the notes that are gone: {', '.join(names)}"
            yield Notice("ornament", text, source.voice.melody.bars[index].number)


def _sung_otherwise(source: AbcSource, filled: Mapping[int, Filled]) -> Iterator[Notice]:
    """What a singer should know."""
    bars, places = source.voice.melody.bars, source.voice.places
    onsets = {index: _onsets(slots) for index, (slots, _, _) in filled.items()}
    lost = list(lost_words(source.lyrics, places, onsets))
    for index, words in lost:
        yield Notice("lyrics", f"gone with all notes: {' '.join(words)}", bars[index].number)
    emptied = {index for index, _ in lost}
    kept = {index: times for index, times in onsets.items() if index not in emptied}
    if next(lyric_changes(source.lyrics, places, kept), None) is not None:
        text = (
            "syllables keep their notes: added notes hold the syllable before them, "
            "and those of removed notes are joined to the one before"
        )
        yield Notice("lyrics", text)


def _loose_tie(
    source: AbcSource, index: int, pieces: Sequence[Piece], touched: Collection[int]
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
    plain = [text for text, place in zip(texts, places, strict=True) if place.problem is None]
    sounds = [sound for text in plain for sound in text.sounds]
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
    voice = _read_again(source, text)
    old = source.voice.melody
    same = voice is not None and voice.shift == source.voice.shift
    if voice is None or not same or voice.melody != replace(old, notes=melody.notes):
        raise ArvaeError(
            f"'{old.title}' cannot be written in its place: its ABC does not say the edited notes; "
            "name an output that ends in .mid"
        )


def _read_again(source: AbcSource, text: str) -> Voice | None:
    tunes: list[AbcTune] = split_tunes(text)
    return tunes[source.index].placed_voices().get(source.name)


def _misread(source: AbcSource, melody: Melody) -> dict[int, str]:
    new = _touched(source, melody)
    problems = {index: _problem(source, index, pieces) for index, pieces in new.items()}
    found = {index: problem for index, problem in problems.items() if problem is not None}
    if found or not new:
        return found
    voice = _read_again(source, _rewritten(source, melody))
    if voice is None or voice.shift != source.voice.shift or len(voice.melody.bars) != len(melody.bars):
        return dict.fromkeys(new, _MISREAD)
    rows = zip(bars_of(voice.melody), bars_of(melody), strict=True)
    differing = [index for index, (read, meant) in enumerate(rows) if read != meant]
    # A bar beside an edited one may differ, where a tie is made or broken.
    return {min(new, key=lambda edited: abs(edited - index)): _MISREAD for index in differing}
