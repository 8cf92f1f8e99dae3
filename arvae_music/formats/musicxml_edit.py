"""An edit in place: new notes of the measures that changed, in a score that keeps every other byte."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from arvae_music.errors import ArvaeError
from arvae_music.formats.abc_edit import bars_of
from arvae_music.formats.abc_rhythm import Piece
from arvae_music.formats.abc_spelling import named, usual_names
from arvae_music.formats.musicxml_file import ScoreFile
from arvae_music.formats.musicxml_items import Item, Kind, XmlPart, in_staff, melody_of
from arvae_music.formats.musicxml_measure import MeasureWriter
from arvae_music.formats.musicxml_read import parts_of, voices_of
from arvae_music.formats.musicxml_slots import run_of
from arvae_music.formats.musicxml_tree import parse
from arvae_music.formats.tune import Again, Notice
from arvae_music.melody import Bar, Melody


@dataclass(frozen=True)
class MusicXmlSource:
    """What an edit in place needs: the file, and one staff of one of its parts.

    `index` is the staff's place among all of the score, `plain` its melody as it is read.
    """

    file: ScoreFile
    index: int
    part: XmlPart
    staff: str | None
    plain: Melody

    @cached_property
    def runs(self) -> list[list[Item] | str]:
        """Each bar's elements of the melody, or why they cannot be replaced."""
        return [run_of(bar, self.staff) for bar in self.part.bars]

    @cached_property
    def melody(self) -> Melody:
        """The melody, in which bars that cannot be written in their place say so."""
        bars = (
            self._judged(bar, run, pieces)
            for bar, run, pieces in zip(self.plain.bars, self.runs, _pieces(self.plain), strict=True)
        )
        return replace(self.plain, bars=tuple(bars))

    def _judged(self, bar: Bar, run: list[Item] | str, pieces: Sequence[Piece]) -> Bar:
        # Notes that sound together have a better reason than where they are written.
        if bar.problem is not None or not isinstance(run, str) or _overlap(pieces):
            return bar
        return replace(bar, problem=run)

    @cached_property
    def notes(self) -> list[Item]:
        """All notes of the staff."""
        items = (item for bar in self.part.bars for item in bar.items)
        return [item for item in items if item.kind is Kind.NOTE and in_staff(item, self.staff)]

    def read_again(self, melody: Melody) -> Again:
        """What a singer should know of an edit; every bar of a score comes back."""
        old, new = _pieces(self.plain), _pieces(melody)
        changed = (run for run, a, b in zip(self.runs, old, new, strict=False) if a != b)
        items = (item for run in changed if not isinstance(run, str) for item in run)
        sung = any(item.element.first("lyric") is not None for item in items)
        text = (
            "syllables stay with the notes that stay, or begin where they stood: those of removed notes go, "
            "and new notes have none"
        )
        return Again(self, (Notice("lyrics", text),) if sung else (), {})


def _pieces(melody: Melody) -> list[list[Piece]]:
    return bars_of(melody)


def _overlap(pieces: Sequence[Piece]) -> bool:
    end = None
    for piece in pieces:
        if len(piece.pitches) > 1 or (end is not None and piece.start < end):
            return True
        end = piece.end
    return False


def edited(source: MusicXmlSource, melody: Melody) -> bytes:
    """The score's text in UTF-8 with the notes of `melody` in the place of those it was read as.

    Raises:
        ArvaeError: a measure cannot be written in its place.
    """
    old, new = _pieces(source.plain), _pieces(melody)
    if len(old) != len(new):
        raise ArvaeError("the tune's bars are not those of the MusicXML file: it cannot be written in place")
    data = source.file.data
    touched = [index for index, (a, b) in enumerate(zip(old, new, strict=True)) if a != b]
    if not touched:
        return data
    usual = usual_names(_names(source.notes))
    beamed = any(item.element.first("beam") is not None for item in source.notes)
    for index in reversed(touched):
        bar, run = source.melody.bars[index], source.runs[index]
        problem = bar.problem or (run if isinstance(run, str) else None)
        if problem is None and _overlap(new[index]):
            problem = "its notes overlap"
        if problem is not None or isinstance(run, str):
            raise ArvaeError(f"measure {bar.number} cannot be written in its place: {problem}")
        writer = MeasureWriter(source.file.data, source.part.bars[index], run, usual, beamed=beamed)
        data = data[: run[0].element.start] + writer.text(new[index]).encode() + data[run[-1].element.end :]
    _check(source, melody, data)
    return data


def _names(notes: Sequence[Item]) -> list[tuple[str, int]]:
    found = []
    for item in notes:
        if item.pitch is not None and item.element.word("pitch", "alter") in ("", "-2", "-1", "0", "1", "2"):
            step, _, alter = item.name
            found.append((named(step, alter, item.pitch).text, item.pitch))
    return found


def _check(source: MusicXmlSource, melody: Melody, data: bytes) -> None:
    """Read the new text: what it says must be what was meant."""
    _, part, staff = list(voices_of(parts_of(parse(data))))[source.index]
    read = melody_of(part, staff, source.plain.title)
    if read != replace(source.plain, notes=melody.notes):
        raise ArvaeError(
            f"'{source.plain.title}' cannot be written in its place: its MusicXML does not say the edited "
            "notes; name an output that ends in .mid"
        )
