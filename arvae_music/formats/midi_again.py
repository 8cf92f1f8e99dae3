"""An edited MIDI file as it will be read: the next command sees nothing but its notes and meters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

from arvae_music.formats.midi_edit import edited_track
from arvae_music.formats.midi_melody import PlainPart, Understood, pickup_is_marked, pickup_name, understand
from arvae_music.formats.midi_parts import notes_of
from arvae_music.formats.midi_read import EditedTrack, Made, MidiSource
from arvae_music.formats.tune import Again, Notice
from arvae_music.measures import Measure, measures
from arvae_music.melody import Bar, Melody

_BELOW = "the edited line would not be the highest: lower notes of the part stay where they are"
_DOUBLED = "the edited line would strike a pitch that a lower note of the part still holds"
_OTHERWISE = "the edited file would be read otherwise here"


def read_again(source: MidiSource, melody: Melody) -> Again:
    """How the edited file is read.

    A notice says where, read without `--pickup`, it has other bars than `melody`; bars are misread whose
    measure it gives otherwise when it is read with the bars of `melody`.
    """
    track = edited_track(source, melody)
    source = replace(source, made=Made(melody, track))
    part = None if track is None else _edited_part(source, track)
    if part is None or not melody.bars:
        return Again(source, (), {})
    plain = understand(part, replace(source.options, pickup=None), source.path)
    as_it_was = plain.bars == melody.bars
    read = plain if as_it_was else _with_pickup(source, part, melody.bars)
    notices = () if as_it_was else (_notice(source, part, melody.bars, plain.bars),)
    return Again(source, notices, _misread(source, part, melody, read))


def _notice(source: MidiSource, part: PlainPart, bars: Sequence[Bar], found: Sequence[Bar]) -> Notice:
    return Notice("pickup", _said(source, part, bars, found), bars[0].number)


def _misread(source: MidiSource, part: PlainPart, melody: Melody, read: Understood) -> dict[int, str]:
    again = {row.index: row for row in measures(melody.with_notes(read.notes))}
    reason = _BELOW if source.options.skyline else _OTHERWISE
    found = {bar: reason for row in measures(melody) if not _same(row, again[row.index]) for bar in row.bars}
    return found | dict.fromkeys(_cut(source, part, melody), _DOUBLED)


def _cut(source: MidiSource, part: PlainPart, melody: Melody) -> Iterator[int]:
    """Bars with a lower note whose pitch the edited line takes while it sounds: its end would be lost."""
    unit = source.plain.ticks_per_quarter
    scale = part.ticks_per_quarter // unit
    line = {known.raw.on for known in source.notes}
    lower = Counter(
        (note.start * scale, note.end * scale, note.pitch)
        for note in source.part.notes
        if note.on not in line
    )
    lower.subtract((note.start, note.end, note.pitch) for note in part.notes)
    for (start, end, _), missing in lower.items():
        if missing > 0:
            first, last = (melody.bar_index_at(Fraction(t, part.ticks_per_quarter)) for t in (start, end))
            yield from range(first, last + 1)


def _edited_part(source: MidiSource, new: EditedTrack) -> PlainPart | None:
    """The part as the edited file has it; None where nothing is left to read."""
    notes = notes_of(new.track, source.part.channel)
    if not notes:
        return None
    plain, scale = source.plain, new.scale
    return PlainPart(
        ticks_per_quarter=plain.ticks_per_quarter * scale,
        notes=notes,
        meters=[(tick * scale, meter) for tick, meter in plain.meters],
        end=sum(message.time for message in new.track),
        tempo_at=lambda tick: plain.tempo_at(tick // scale),
    )


def _with_pickup(source: MidiSource, part: PlainPart, bars: Sequence[Bar]) -> Understood:
    """What is made of the part with the pickup of `bars`, where one can be given."""
    meter, pickup = bars[0].meter, _pickup(bars[0])
    on_grid = meter.grid is None or not pickup or meter.length - pickup in meter.grid.tick_at
    given = pickup * meter.denominator / 4 if on_grid and not pickup_is_marked(part) else None
    return understand(part, replace(source.options, pickup=given), source.path)


def _pickup(first: Bar) -> Fraction:
    """Length of the pickup in quarter notes, 0 where the first bar is a whole one."""
    return first.length if first.length < first.meter.length else Fraction(0)


def _same(row: Measure, other: Measure) -> bool:
    if row.tokens is None or other.tokens is None:
        return row.tokens is other.tokens
    ties = (row.tie_in, row.tie_out) == (other.tie_in, other.tie_out)
    return ties and row.tokens.tolist() == other.tokens.tolist()


def _said(source: MidiSource, part: PlainPart, bars: Sequence[Bar], found: Sequence[Bar]) -> str:
    """Which bars an edited file would have, and what to do about it."""
    own, other = _pickup(bars[0]), _pickup(found[0])
    if own != other and _with_pickup(source, part, bars).bars == tuple(bars):
        unit = bars[0].meter.denominator
        count = float(own * unit / 4)
        return (
            f"the edited file's notes look like {_named(found[0])}, where there is {_named(bars[0])}:"
            f" give --pickup {count:.4g} when you read it again, or every bar line moves"
        )
    return (
        f"read again, the edited file has measures {_numbers(found)} instead of {_numbers(bars)},"
        " as its last notes end elsewhere"
    )


def _named(bar: Bar) -> str:
    return pickup_name(bar) if _pickup(bar) else "no pickup"


def _numbers(bars: Sequence[Bar]) -> str:
    return f"{bars[0].number} to {bars[-1].number}"
