"""From a MIDI file to a melody."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from arvae_music.errors import ArvaeError, UsageError
from arvae_music.formats.midi_bars import MeterMap, bars_of, meter_map, with_short_end
from arvae_music.formats.midi_parts import (
    Part,
    RawNote,
    choose_part,
    key_of,
    load,
    meters_of,
    parts_of,
    tempo_at,
    timed,
)
from arvae_music.formats.midi_timing import (
    Lattice,
    Span,
    half_spacing,
    intended_notes,
    intended_onsets,
    tolerance_of,
)
from arvae_music.formats.pickup import find_pickup
from arvae_music.formats.tune import Notice, ReadOptions, Tune
from arvae_music.melody import Bar, Melody, Note

_MOST_BARS = 20_000
"""More come from damaged files."""


@dataclass(frozen=True, slots=True)
class SourceNote:
    """A note of the melody as it was read, and as the file has it."""

    note: Note
    raw: RawNote


@dataclass(frozen=True)
class MidiSource:
    """What an edit in place needs: the file, the melody's part, and its notes."""

    data: bytes
    midi: Any
    part: Part
    notes: tuple[SourceNote, ...]


def read_midi(path: Path, options: ReadOptions) -> Tune:
    """The melody of a MIDI file; see `arvae_music.formats.read`."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ArvaeError(f"cannot read {path}: {error.strerror}") from error
    midi = load(data, path)
    part = choose_part(parts_of(midi), options.part, path)
    spans = [_span(note, midi.ticks_per_beat) for note in part.notes]
    notices = _part_notices(part)
    bars, found = _bars(midi, part, spans, options.pickup, path)
    notices += found
    kept, notes, moved = _read_notes(midi, part, spans, bars, options)
    notices += moved
    if not options.skyline:
        _refuse_chords(notes, bars, part, path)
    melody = Melody(
        notes=tuple(sorted(notes)),
        bars=bars,
        title=part.track_name or path.stem,
        key=key_of(midi, part.track),
    )
    pairs = tuple(SourceNote(note, part.notes[index]) for index, note in zip(kept, notes, strict=True))
    return Tune(path, melody, MidiSource(data, midi, part, pairs), tuple(notices))


def _span(note: RawNote, ticks_per_quarter: int) -> Span:
    start, end = (Fraction(tick, ticks_per_quarter) for tick in (note.start, note.end))
    return Span(start, end, note.pitch)


def _part_notices(part: Part) -> list[Notice]:
    if not part.unsounding:
        return []
    plural = "notes" if part.unsounding > 1 else "note"
    text = f"{part.unsounding} {plural} without a length or an end stay in the file and are not read"
    return [Notice("unsounding", text)]


def _bars(
    midi: Any, part: Part, spans: Sequence[Span], given: float | Fraction | None, path: Path
) -> tuple[tuple[Bar, ...], list[Notice]]:
    found = [(Fraction(tick, midi.ticks_per_beat), meter) for tick, meter in meters_of(midi, part.track)]
    meters = meter_map(found)
    notices = [] if found else [Notice("meter", "the file gives no meter: read as 4/4")]
    # A note that ends a little late does not reach into the bar after.
    end = max(span.end for span in spans)
    end -= half_spacing(Bar(0, Fraction(0), end, meters[-1][1]))
    if end / min(meter.length for _, meter in meters) > _MOST_BARS:
        raise ArvaeError(f"{path} is longer than {_MOST_BARS} measures: the file seems damaged")
    bars = bars_of(meters, Fraction(0), end)
    if given is not None:
        bars = bars_of(meters, _given_pickup(given, meters), end)
    elif bars[0].length < bars[0].meter.length:
        notices.append(Notice("pickup", f"{_said(bars[0])}, as the file's meters say", bars[0].number))
    elif spans[0].start < half_spacing(bars[0]):
        pickup = find_pickup(spans, meters)
        if pickup:
            bars = bars_of(meters, pickup, end)
            text = f"{_said(bars[0])}, found from the notes: --pickup 0 if there is none"
            notices.append(Notice("pickup", text, bars[0].number))
    track_end = Fraction(max(tick for tick, _ in timed(midi.tracks[part.track])), midi.ticks_per_beat)
    return with_short_end(bars, end, track_end), notices


def _given_pickup(given: float | Fraction, meters: MeterMap) -> Fraction:
    """The pickup in quarter notes, given in units of the meter's denominator."""
    meter = meters[0][1]
    count = Fraction(given).limit_denominator(96) if math.isfinite(given) else Fraction(-1)
    length = count * Fraction(4, meter.denominator)
    on_grid = meter.grid is None or meter.length - length in meter.grid.tick_at or not length
    if not 0 <= length < meter.length or not on_grid:
        raise UsageError(
            f"--pickup {given}: give the pickup's length in units of 1/{meter.denominator},"
            f" from 0 to less than {meter.numerator}, on the grid of {meter}"
        )
    return length


def _said(bar: Bar) -> str:
    unit = bar.meter.denominator
    count = bar.length * unit / 4
    whole = f"{count.numerator}/{unit}" if count.denominator == 1 else str(bar.length / 4)
    return f"a pickup of {whole}"


def _read_notes(
    midi: Any, part: Part, spans: Sequence[Span], bars: tuple[Bar, ...], options: ReadOptions
) -> tuple[list[int], list[Note], list[Notice]]:
    """Which notes of the part are the melody's, as they are meant."""
    lattice, tolerance = Lattice(bars), tolerance_of(midi.ticks_per_beat)
    quantize = options.quantize
    onsets, times = intended_onsets(spans, lattice, tolerance, quantize=quantize)
    notices = []
    kept = list(range(len(spans)))
    if quantize:
        notices.append(_quantized(midi, part, spans, onsets, bars))
    if options.skyline:
        kept, spans = _highest_line(spans, onsets, lattice)
        onsets = [onsets[index] for index in kept]
        below = len(part.notes) - len(kept)
        if below:
            notices.append(Notice("skyline", f"{below} notes below the highest line stay as they are"))
    notes = intended_notes(spans, onsets, times, lattice, tolerance, quantize=quantize)
    return kept, notes, notices


def _quantized(
    midi: Any, part: Part, spans: Sequence[Span], onsets: Sequence[Fraction], bars: tuple[Bar, ...]
) -> Notice:
    """The largest shift of an onset, and where it is."""
    shifts = [abs(onset - span.start) for span, onset in zip(spans, onsets, strict=True)]
    largest = max(range(len(shifts)), key=shifts.__getitem__)
    tempo = tempo_at(midi, part.track, part.notes[largest].start)
    milliseconds = float(shifts[largest]) * tempo / 1000
    bar = bars[max(bisect_right([bar.start for bar in bars], onsets[largest]) - 1, 0)]
    text = (
        f"onsets were moved to the grid by at most {float(shifts[largest]):.3g} quarter notes"
        f" ({milliseconds:.0f} ms)"
    )
    return Notice("quantize", text, bar.number)


def _highest_line(
    spans: Sequence[Span], onsets: Sequence[Fraction], lattice: Lattice
) -> tuple[list[int], list[Span]]:
    """The highest line: of notes that sound together the highest; a lower one ends where it starts."""
    highest: dict[Fraction, int] = {}
    for index, onset in enumerate(onsets):
        if onset not in highest or spans[index].pitch > spans[highest[onset]].pitch:
            highest[onset] = index
    kept: list[int] = []
    line: list[Span] = []
    for onset in sorted(highest):
        span = spans[highest[onset]]
        overlaps = bool(line) and line[-1].end - span.start >= half_spacing(lattice.bar_at(onset))
        if overlaps and line[-1].pitch > span.pitch:
            continue
        if overlaps:
            line[-1] = replace(line[-1], end=span.start)
        kept.append(highest[onset])
        line.append(span)
    return kept, line


def _refuse_chords(notes: Sequence[Note], bars: tuple[Bar, ...], part: Part, path: Path) -> None:
    """Raise ArvaeError where notes overlap in every bar that has any."""
    starts = [bar.start for bar in bars]
    ordered = sorted(notes)
    used = {bisect_right(starts, note.onset) for note in ordered}
    overlapping = {
        bisect_right(starts, after.onset) for before, after in pairwise(ordered) if before.end > after.onset
    }
    if used <= overlapping:
        raise ArvaeError(
            f"{path}: notes overlap in every measure of part {part}: read its highest line with"
            " --skyline, or choose another part with --part"
        )
