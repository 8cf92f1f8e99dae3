"""MIDI as programs and players make it: the measures of the ABC source, and edits that keep all else.

`found/README.md` says how each file was made.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest

from arvae_music.errors import ArvaeError
from arvae_music.formats import Tune, read
from arvae_music.measures import Measure, measures, replace_measures
from arvae_music.melody import Bar, Melody, Note
from arvae_music.meter import Meter

FOUND = Path(__file__).parent / "found"
EXAMPLES = Path(__file__).parents[2] / "data" / "examples"
OPTIONS: dict[str, dict[str, Any]] = {
    "jig_abc2midi": {},
    "waltz_musescore": {},
    "polka_music21": {},
    "reel_recorded": {"quantize": True},
    "jig_recorded": {"quantize": True},
    "polka_legato": {},
    "reel_two_channels": {"part": 1},
    "reel_and_jig": {},
    "two_tunes": {"part": 2},
}


def found(name: str) -> Tune:
    return read(FOUND / f"{name}.mid", **OPTIONS[name])


def source(name: str) -> Melody:
    return read(EXAMPLES / f"{name}.abc").melody


def tokens(melody: Melody) -> list[list[int] | str]:
    """Of each measure, or why it has none."""
    return [_tokens(row) for row in measures(melody)]


def _tokens(row: Measure) -> list[int] | str:
    return str(row.reason) if row.tokens is None else row.tokens.tolist()


def without_inner_pickups(melody: Melody) -> Melody:
    """Bars as MIDI has them that marks none: a strain's end and the pickup behind it are one."""
    first, length = melody.bars[0], melody.bars[0].meter.length
    bars = [first]
    while bars[-1].end < melody.bars[-1].end:
        start = bars[-1].end
        whole = min(length, melody.bars[-1].end - start)
        bars.append(Bar(first.number + len(bars), start, whole, first.meter))
    return Melody(melody.notes, tuple(bars), melody.title, melody.key)


def played_twice(melody: Melody, cut: Fraction) -> Melody:
    """Two strains, each repeated; the second begins at `cut` with its pickup."""
    end = melody.bars[-1].end
    strains = [(Fraction(0), cut), (Fraction(0), cut), (cut, end), (cut, end)]
    notes, now = [], Fraction(0)
    for start, stop in strains:
        notes += [
            Note(now + note.onset - start, note.duration, note.pitch)
            for note in melody.notes
            if start <= note.onset < stop
        ]
        now += stop - start
    first = melody.bars[0]
    last = Bar(first.number + 1, first.end, now - first.end, first.meter)
    return without_inner_pickups(Melody(tuple(notes), (first, last), melody.title, melody.key))


@pytest.mark.parametrize("name", ["reel_recorded", "reel_two_channels", "polka_music21", "polka_legato"])
def test_a_tune_without_pickups(name: str) -> None:
    tune, abc = found(name).melody, source(name.partition("_")[0])
    assert tune.notes == abc.notes
    assert tune.bars == abc.bars


@pytest.mark.parametrize(("name", "part"), [("jig_recorded", None), ("two_tunes", 2)])
def test_a_pickup_that_nothing_marks(name: str, part: int | None) -> None:
    tune = found(name)
    assert tune.melody.bars == without_inner_pickups(source("jig")).bars
    assert tokens(tune.melody) == tokens(without_inner_pickups(source("jig")))
    assert [n.text for n in tune.notices if n.code == "pickup"] == [
        "a pickup of 1/8, found from the notes: --pickup 0 if there is none"
    ]


def test_short_bars_with_meters_of_their_own() -> None:
    tune = found("waltz_musescore").melody
    assert tune.bars == source("waltz").bars
    assert tune.notes == source("waltz").notes


def test_repeats_played_out() -> None:
    jig = source("jig")
    twice = played_twice(jig, jig.bars[9].start)  # bar 8 ends the first strain, 9 is the second pickup
    tune = found("jig_abc2midi").melody
    assert len(tune.bars) == 33  # a pickup and four times eight bars
    assert tune.bars == twice.bars
    assert tokens(tune) == tokens(twice)


def test_a_change_of_meter() -> None:
    tune, reel, jig = found("reel_and_jig").melody, source("reel"), source("jig")
    assert [bar.meter for bar in tune.bars] == [Meter(4, 4)] * 16 + [Meter(6, 8)] * 16
    rows = tokens(tune)
    assert rows[:16] == tokens(reel)
    assert rows[16:23] == tokens(jig)[:7]  # the eighth bar ends a strain


def test_a_file_of_several_tunes() -> None:
    with pytest.raises(ArvaeError, match="several parts: choose the melody with --part NUMBER") as error:
        read(FOUND / "two_tunes.mid")
    assert "Drowsy Maggie" in str(error.value)
    assert "The Irish Washerwoman" in str(error.value)
    assert read(FOUND / "two_tunes.mid", part=1).melody.bars == source("reel").bars


def events(path: Path) -> Counter[tuple[int, int, str]]:
    """Every event with its track and its time in MIDI ticks."""
    midi = mido.MidiFile(path)
    return Counter(
        (index, tick, str(message.copy(time=0)))
        for index, track in enumerate(midi.tracks)
        for tick, message in zip(accumulate(m.time for m in track), track, strict=True)
    )


@pytest.mark.parametrize("name", OPTIONS)
def test_an_edit_changes_its_note_and_nothing_else(name: str, tmp_path: Path) -> None:
    tune = found(name)
    rows = measures(tune.melody)
    row = rows[5]
    assert row.tokens is not None
    new = row.tokens.copy()
    place = int(np.flatnonzero(new >= 0)[1])
    new[place] += 20  # far from every other note
    out = tmp_path / "out.mid"
    tune.replace(replace_measures(tune.melody, rows, {5: new})).write(out)
    before, after = events(FOUND / f"{name}.mid"), events(out)
    gone, come = before - after, after - before
    assert sum(gone.values()) == sum(come.values()) == 2
    old = f"note={row.tokens[place]} "
    assert {(i, tick, text.replace(old, f"note={new[place]} ")) for i, tick, text in gone} == set(come)
    back = read(out, **OPTIONS[name]).melody
    assert back.bars == tune.melody.bars
    expected = tokens(tune.melody)
    expected[5] = new.tolist()
    assert tokens(back) == expected
