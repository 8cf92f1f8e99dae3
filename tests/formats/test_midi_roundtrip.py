"""What is written comes back: random tunes on the grid, in every meter, from scratch and in place."""

from __future__ import annotations

import tempfile
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import mido
import pretty_midi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arvae_music.formats import Tune, read
from arvae_music.melody import Bar, Melody, Note
from arvae_music.meter import Meter

F = Fraction

# Beat length in quarters, beats, and the sets of fractions of a beat that may be used together.
MIXED = ((F(0), F(1, 4), F(1, 2), F(3, 4)), (F(0), F(1, 3), F(2, 3)))
SIXTHS = (tuple(F(n, 6) for n in range(6)),)
METERS: dict[str, tuple[F, int, tuple[tuple[F, ...], ...]]] = {
    "4/4": (F(1), 4, MIXED),
    "3/4": (F(1), 3, MIXED),
    "2/4": (F(1, 2), 4, MIXED),
    "6/8": (F(3, 2), 2, SIXTHS),
    "9/8": (F(3, 2), 3, SIXTHS),
    "12/8": (F(3, 2), 4, SIXTHS),
}


@st.composite
def melodies(
    draw: st.DrawFn, meters: tuple[str, ...] = tuple(METERS), count: tuple[int, int] = (1, 3)
) -> Melody:
    """Whole bars of a meter; notes may be tied over bar lines; the last one ends the tune."""
    name = draw(st.sampled_from(meters))
    beat, beats, families = METERS[name]
    bars = draw(st.integers(*count))
    times = {F(0)}
    for index in range(bars * beats):
        family = draw(st.sampled_from(families))
        times |= {beat * (index + f) for f in draw(st.sets(st.sampled_from(family)))}
    length = beat * beats
    edges = [*sorted(times | {length * (bars - 1)}), length * bars]
    notes = [
        Note(start, end - start, draw(st.integers(48, 95)))
        for start, end in pairwise(edges)
        if end == edges[-1] or draw(st.booleans())
    ]
    meter = Meter.parse(name)
    return Melody(
        tuple(notes), tuple(Bar(i + 1, length * i, length, meter) for i in range(bars)), "A tune", "Am"
    )


@given(melodies())
def test_from_scratch(melody: Melody) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Tune(Path("a.abc"), melody).write(Path(folder) / "a.mid")
        assert read(path, pickup=0).melody == melody
        heard = pretty_midi.PrettyMIDI(str(path))
        notes = sorted(heard.instruments[0].notes, key=lambda note: note.start)
        # 480 ticks to a quarter hold every grid tick
        assert [
            (heard.time_to_tick(note.start), heard.time_to_tick(note.end), note.pitch) for note in notes
        ] == [(note.onset * 480, note.end * 480, note.pitch) for note in melody.notes]


@given(st.data(), st.sampled_from(tuple(METERS)), st.integers(1, 2))
@settings(max_examples=60)
def test_in_place(data: st.DataObject, meter: str, bars: int) -> None:
    source, other = (data.draw(melodies((meter,), (bars, bars))) for _ in range(2))
    with tempfile.TemporaryDirectory() as folder:
        path = Tune(Path("a.abc"), source).write(Path(folder) / "a.mid")
        tune = read(path, pickup=0)
        out = tune.replace(other).write(Path(folder) / "b.mid")
        assert read(out, pickup=0).melody == other


@given(st.data(), st.sampled_from((1, 5, 7, 24, 25, 30, 47, 100, 32767)), st.sampled_from(tuple(METERS)))
@settings(max_examples=60)
def test_in_place_at_any_resolution(data: st.DataObject, resolution: int, name: str) -> None:
    """Whatever is put in the place of two bars of quarters comes back."""
    meter = Meter.parse(name)
    other = data.draw(melodies((name,), (2, 2)))
    track = mido.MidiTrack()
    track.append(mido.MetaMessage("time_signature", numerator=meter.numerator, denominator=meter.denominator))
    for pitch in range(60, 60 + int(2 * meter.length)):
        track.append(mido.Message("note_on", note=pitch))
        track.append(mido.Message("note_off", note=pitch, time=resolution))
    midi = mido.MidiFile(type=0, ticks_per_beat=resolution)
    midi.tracks.append(track)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.mid"
        midi.save(path)
        out = read(path, pickup=0).replace(other).write(Path(folder) / "b.mid")
        assert read(out, pickup=0).melody.notes == other.notes


def test_short_bars_come_back(tmp_path: Path) -> None:
    """Pickup, strain end, pickup, change of meter, and a last bar that completes a pickup."""
    six, three = Meter(6, 8), Meter(3, 4)
    lengths = [
        (F(1, 2), six),
        (F(3), six),
        (F(5, 2), six),
        (F(1, 2), six),
        (F(5, 2), six),
        (F(3), three),
        (F(2), three),
    ]
    bars, at = [], F(0)
    for number, (length, meter) in enumerate(lengths):
        bars.append(Bar(number, at, length, meter))
        at += length
    notes = tuple(Note(bar.start, bar.length, 60 + bar.number) for bar in bars)
    bars[-1] = Bar(6, bars[-1].start, F(3), three)  # not the first bar's meter: a whole bar
    melody = Melody(notes, tuple(bars), "Short", "Edor")
    tune = read(Tune(tmp_path / "a.abc", melody).write(tmp_path / "a.mid"))
    assert tune.melody.bars == melody.bars
    assert tune.melody.notes == melody.notes
    assert tune.melody.key == "D"  # the major key of the signature: MIDI knows no Dorian
    assert [notice.code for notice in tune.notices] == ["pickup"]


@pytest.mark.parametrize("title", ["Ça ira", "牡丹", ""])
def test_titles(tmp_path: Path, title: str) -> None:
    meter = Meter(2, 4)
    melody = Melody((Note(F(0), F(2), 60),), (Bar(1, F(0), F(2), meter),), title)
    assert read(Tune(tmp_path / "a.abc", melody).write(tmp_path / "a.mid")).melody.title == (title or "a")


def test_a_tune_that_sounds_as_if_it_had_a_pickup(tmp_path: Path) -> None:
    """A jig in whole bars from its pickup on: only what is written of the bar lines says that it has none."""
    jig = read(Path(__file__).parents[2] / "data" / "examples" / "jig.abc").melody
    melody = Melody(jig.notes, tuple(Bar(i + 1, F(3 * i), F(3), Meter(6, 8)) for i in range(16)))
    path = Tune(tmp_path / "x.abc", melody).write(tmp_path / "x.mid")
    assert read(path).melody.bars == melody.bars
    midi = mido.MidiFile(path)
    midi.tracks[0] = mido.MidiTrack(m for m in midi.tracks[0] if m.type != "time_signature" or not m.time)
    midi.save(path)
    assert read(path).melody.bars[0].length == F(1, 2)
