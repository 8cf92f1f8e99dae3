"""What every edit promises, on random tunes and random requests.

All is counted afresh from the notes of the edited melody, in plain Python, and what is called nearest is
held against all that a measure can have. The model is small and was never trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arvae_music.control import Model
from arvae_music.control.report import MeasureReport
from arvae_music.formats.tune import Tune
from arvae_music.measures import Measure, measures
from arvae_music.melody import Melody
from arvae_music.tokens import is_legal
from arvae_music.training.checkpoint import Checkpoint
from tests.control.conftest import METERS, STD
from tests.control.oracle import COMPLEXITY, CONTOUR, DENSITY, RANGE, Reach, cost, hundredths, meets
from tests.music import TOTAL, Part, melody_of, places, tune_strategy

LOWEST, SIZE = 48, 48
SHORT = {COMPLEXITY: "complexity", RANGE: "range", DENSITY: "density", CONTOUR: "contour"}


@dataclass(frozen=True)
class Asked:
    """A request and how it is written."""

    name: str
    text: str
    relative: bool
    amount: float

    @property
    def keyword(self) -> dict[str, str]:
        return {SHORT[self.name]: self.text}

    def target(self, before: float) -> float:
        """Relative requests add; those in sd are rounded for whole numbers, to at least one."""
        if not self.relative:
            return self.amount
        if not self.text.endswith("sd"):
            return before + self.amount
        change = self.amount * STD[self.name]
        if self.name != COMPLEXITY:
            change = round(change) or (1 if change > 0 else -1)
        return before + change


@st.composite
def requests(draw: st.DrawFn, name: str) -> Asked:
    kind = draw(st.sampled_from(("relative", "absolute", "sd")))
    sign = draw(st.sampled_from((-1, 1)))
    if kind == "sd":
        amount = sign * draw(st.sampled_from((0.2, 0.5, 1.0, 1.5, 2.5)))
        return Asked(name, f"{amount:+g}sd", True, amount)
    if name == COMPLEXITY:
        amount = draw(st.sampled_from((0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.7)))
    else:
        most = {RANGE: 16, DENSITY: 6 if kind == "relative" else 16, CONTOUR: 12}[name]
        amount = float(draw(st.integers(0, most)))
    if kind == "relative":
        return Asked(name, f"{sign * amount:+g}" if amount else "+0", True, sign * amount)
    if name == CONTOUR:
        return Asked(name, f"={sign * amount:g}", False, sign * amount)
    return Asked(name, f"{amount:g}", False, amount)


@st.composite
def several_requests(draw: st.DrawFn) -> list[Asked]:
    names = draw(st.permutations((COMPLEXITY, RANGE, DENSITY, CONTOUR)))
    return [draw(requests(name)) for name in names[: draw(st.sampled_from((1, 1, 2, 2, 4)))]]


def onsets(melody: Melody, bars: Sequence[int], meter: str) -> list[tuple[int, int]]:
    """Tick and pitch of every note that starts in a measure, by its notes alone."""
    found, length = [], Fraction(0)
    for number in bars:
        bar = melody.bars[number]
        for note in melody.notes:
            if bar.start <= note.onset < bar.end:
                found.append((places(meter).index(note.onset - bar.start + length), note.pitch))
        length += bar.length
    return found


def recount(melody: Melody, row: Measure) -> dict[str, float]:
    found = onsets(melody, row.bars, row.meter)
    pitches = [pitch for _, pitch in found]
    return {
        COMPLEXITY: hundredths(row.meter, [tick for tick, _ in found]) / (100 * TOTAL[row.meter]),
        RANGE: max(pitches) - min(pitches) if pitches else 0,
        DENSITY: len(found),
        CONTOUR: pitches[-1] - pitches[0] if pitches else 0,
    }


def split(asked: Sequence[Asked], before: dict[str, float]) -> tuple[list[Asked], list[Asked]]:
    """Requests that concern a measure, and those that do not."""
    dropped = [
        one
        for one in asked
        if one.relative and (before[DENSITY] == 0 or (before[DENSITY] < 2 and one.name in (RANGE, CONTOUR)))
    ]
    return [one for one in asked if one not in dropped], dropped


@dataclass(frozen=True)
class Case:
    """One measure of an edit, before and after."""

    row: Measure
    after: Measure
    report: MeasureReport
    counted_before: dict[str, float]
    counted: dict[str, float]


def check(
    case: Case, asked: Sequence[Asked], *, selected: bool, shift: int, own: set[int], chromatic: bool
) -> None:
    """Status, reason and values of one measure are what they must be.

    `shift`: semitones to the model's range. `own`: the tune's pitch classes. `chromatic`: whether the
    edit says that it needed others.
    """
    row, report = case.row, case.report
    assert (report.index, report.joined, report.meter) == (row.index, row.joined, row.meter)
    assert case.after.tokens is not None  # legal, as reading it says
    assert row.tokens is not None
    changed = int((row.tokens != case.after.tokens).sum())
    if row.meter not in METERS:
        assert (report.status, changed) == ("skipped", 0)
        assert row.meter in str(report.reason)
        return
    assert report.before == pytest.approx(case.counted_before, abs=1e-9)
    assert report.after == pytest.approx(case.counted, abs=1e-9)
    assert report.ticks_changed == changed
    kept, dropped = split(asked, case.counted_before)
    if not selected or not kept:
        assert (report.status, changed) == ("unchanged", 0)
        empty = "empty" if case.counted_before[DENSITY] == 0 else "fewer than two notes"
        assert report.reason == (empty if selected else "not selected")
        return
    for one in dropped:
        assert SHORT[one.name] in str(report.reason)
    targets = {one.name: one.target(case.counted_before[one.name]) for one in kept}
    assert report.requested == pytest.approx(targets, abs=1e-9)
    reach = Reach(
        row.meter,
        tuple(range(LOWEST - shift, LOWEST - shift + SIZE)),
        row.tie_in,
        row.tie_out,
        row.join_tick,
        fewest=1 if any(one.relative for one in kept) else 0,
    )
    if meets(case.counted, targets):
        assert report.status == "exact"
        if chromatic:  # only where the tune's own pitches will not do
            mine = tuple(pitch for pitch in reach.allowed if pitch % 12 in own)
            assert replace(reach, allowed=mine).least(targets, STD) > 1e-9
        return
    # Not met: then it cannot be, and what there is lies as near as anything does.
    assert report.status == "nearest"
    assert report.reason
    least = reach.least(targets, STD)
    assert least > 1e-9
    assert cost(case.counted, targets, STD) == pytest.approx(least, abs=1e-6)


@given(
    tune_strategy(most_bars=3, repeats=True),
    several_requests(),
    st.sampled_from((0, 0, 0, -24, 24)),
    st.integers(0, 3).map(bool),
    st.data(),
)
@settings(max_examples=60)
def test_an_edit_keeps_its_promises(
    checkpoint: Checkpoint,
    parts: list[Part],
    asked: list[Asked],
    octaves: int,
    all_measures: bool,
    data: st.DataObject,
) -> None:
    source = melody_of(parts).transposed(octaves)
    rows = measures(source)
    numbers = [row.index for row in rows]
    selection = None if all_measures else set(data.draw(st.lists(st.sampled_from(numbers), unique=True)))
    changes: dict[str, Any] = {name: text for one in asked for name, text in one.keyword.items()}
    tune = Tune(Path("random.mid"), source)
    edit = Model("small", checkpoint, beam=8).edit(tune, measures=selection, **changes)
    result = edit.tune.melody
    assert result.bars == source.bars
    after = measures(result)
    # The model's range is MIDI 48 to 95; pitches are drawn from 55 to 84.
    shift = -octaves if any(not 48 <= note.pitch <= 95 for note in source.notes) else 0
    if shift:
        noticed = [notice for notice in edit.report.notices if notice.code == "octave"]
        assert len(noticed) == 1
        pitches = [note.pitch for note in source.notes]
        shift = min(  # the fewest octaves that fit
            (s for s in (12, 24, -12, -24) if all(48 <= p + s <= 95 for p in pitches)), key=abs
        )
    told = {notice.measure for notice in edit.report.notices if notice.code == "chromatic"}
    for row, new, report in zip(rows, after, edit.report.measures, strict=True):
        assert (row.bars, row.tie_in, row.tie_out) == (new.bars, new.tie_in, new.tie_out)
        case = Case(row, new, report, recount(source, row), recount(result, row))
        check(
            case,
            asked,
            selected=selection is None or row.index in selection,
            shift=shift,
            own={note.pitch % 12 for note in source.notes},
            chromatic=row.index in told,
        )
    check_whole(source, result, rows)
    check_repeats(rows, after, selection)
    check_own_pitches(source, result, told, rows)
    statuses = [row.status for row in edit.report.measures]
    assert edit.report.summary == {
        "measures": len(rows),
        **{s: statuses.count(s) for s in ("exact", "nearest", "unchanged", "skipped")},
    }


def check_whole(source: Melody, result: Melody, rows: Sequence[Measure]) -> None:
    """Notes follow one another, in the model's range or the tune's, and none sounds over a strain's end."""
    for note, following in zip(result.notes, result.notes[1:], strict=False):
        assert note.onset < note.end <= following.onset
    for row in rows:
        if row.joined is not None:
            end, pickup = (source.bars[i] for i in row.bars)
            assert not any(note.onset < end.end < note.end for note in result.notes)
            assert not any(note.onset < pickup.start < note.end for note in result.notes)


def check_repeats(rows: Sequence[Measure], after: Sequence[Measure], selection: set[int] | None) -> None:
    """Selected measures with the same tokens and ties get the same ones."""
    given_: dict[tuple[object, ...], list[int]] = {}
    for row, new in zip(rows, after, strict=True):
        assert row.tokens is not None
        assert new.tokens is not None
        if selection is None or row.index in selection:
            key = (row.meter, row.tokens.tobytes(), row.tie_in, row.tie_out, row.join_tick)
            assert given_.setdefault(key, new.tokens.tolist()) == new.tokens.tolist()


def check_own_pitches(source: Melody, result: Melody, told: set[int | None], rows: Sequence[Measure]) -> None:
    """Pitch classes that the tune has not are told of, measure by measure."""
    own = {note.pitch % 12 for note in source.notes}
    for row in rows:
        strange = {pitch % 12 for _, pitch in onsets(result, row.bars, row.meter)} - own
        assert bool(strange) == (row.index in told)


@given(tune_strategy(most_bars=3))
@settings(max_examples=25)
def test_reconstruction_is_legal_and_keeps_ties(checkpoint: Checkpoint, parts: list[Part]) -> None:
    source = melody_of(parts)
    rows = measures(source)
    model = Model("small", checkpoint)
    readable = [i for i, row in enumerate(rows) if row.meter in METERS]
    if not readable:
        return
    back = model.reconstruct(Tune(Path("random.mid"), source))
    after = measures(back.tune.melody)
    assert (back.count, back.skipped) == (len(readable), len(rows) - len(readable))
    same, ticks, whole = 0, 0, 0
    for i, (row, new) in enumerate(zip(rows, after, strict=True)):
        assert new.tokens is not None
        assert row.tokens is not None
        assert (row.bars, row.tie_in, row.tie_out) == (new.bars, new.tie_in, new.tie_out)
        equal = (row.tokens == new.tokens)[row.tokens != -1]
        if i in readable:
            same, ticks, whole = same + int(equal.sum()), ticks + len(equal), whole + bool(equal.all())
        else:
            assert equal.all()
    assert back.ticks == pytest.approx(same / ticks)
    assert back.measures == pytest.approx(whole / len(readable))
    # z and back: one vector a readable measure; decoded tokens are legal.
    latents = model.encode(Tune(Path("random.mid"), source))
    assert latents.z.shape == (len(readable), 6)
    assert latents.rows.tolist() == readable
    assert is_legal(model.decode(latents), latents.meters).all()
