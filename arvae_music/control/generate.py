"""A new melody from nothing but a request: checked, composed, written down, and measured."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from arvae_music.attributes import ATTRIBUTES, all_met, named_values
from arvae_music.control.composer import Composed, Composer
from arvae_music.control.demands import Demands
from arvae_music.control.report import plain
from arvae_music.control.request import Request
from arvae_music.errors import ArvaeError, UsageError
from arvae_music.formats.sheet import BarSigns, Line, Sheet
from arvae_music.formats.tune import Notice, Tune
from arvae_music.measures import measures, replace_measures
from arvae_music.melody import Bar, Melody, pitch_name
from arvae_music.meter import GRIDS, Meter
from arvae_music.model.prior import STRAIN
from arvae_music.tokens import Tokens
from arvae_music.tonality import Tonality, parse_tonality, tonality_of
from arvae_music.training.checkpoint import Checkpoint
from arvae_music.training.tunes import HOME, octave_near

MOST_MEASURES = 256
"""Measures of the longest tune that is made; the longest folk tunes have about as many."""

_KNOWN = ("rhythmic_complexity", "pitch_range", "note_density", "contour")


@dataclass(frozen=True)
class GeneratedMeasure:
    """One measure of a new tune.

    Attributes:
        index: its number.
        meter: as notated.
        status: whether it has what was asked for, or the nearest that a measure can have.
        reason: why it is not exact, or None.
        repeats: number of the measure that it repeats, or None.
        requested: the value asked for, by attribute.
        after: every attribute's value.
        ticks: ticks of the measure.
    """

    index: int
    meter: str
    status: Literal["exact", "nearest"]
    reason: str | None
    repeats: int | None
    requested: Mapping[str, float]
    after: Mapping[str, float]
    ticks: int

    def as_json(self) -> dict[str, Any]:
        """As in the command's `--json`."""
        return {
            "index": self.index,
            "meter": self.meter,
            "status": self.status,
            "reason": self.reason,
            "repeats": self.repeats,
            "requested": plain(self.requested),
            "after": plain(self.after),
            "ticks": self.ticks,
        }


@dataclass(frozen=True)
class GenerationReport:
    """A whole new tune, measured on what was written down."""

    output: str | None
    model: str
    seed: int
    meter: str
    key: str
    requests: tuple[Request, ...]
    measures: tuple[GeneratedMeasure, ...]
    notices: tuple[Notice, ...]

    @property
    def summary(self) -> dict[str, int]:
        """How many measures there are, of each status, and how many are new."""
        counts = Counter(row.status for row in self.measures)
        new = sum(row.repeats is None for row in self.measures)
        return {
            "measures": len(self.measures),
            "exact": counts["exact"],
            "nearest": counts["nearest"],
            "new": new,
        }

    def as_json(self) -> dict[str, Any]:
        """As in the command's `--json`."""
        return {
            "output": self.output,
            "model": self.model,
            "seed": self.seed,
            "meter": self.meter,
            "key": self.key,
            "requests": [request.as_json() for request in self.requests],
            "measures": [row.as_json() for row in self.measures],
            "notices": [notice.as_json() for notice in self.notices],
            "summary": self.summary,
        }


@dataclass(frozen=True)
class Generation:
    """A new tune and the proof of what it is; a notebook plays it."""

    tune: Tune
    report: GenerationReport

    def write(self, path: str | os.PathLike[str], force: bool = False) -> Path:
        """Write the tune; see `Tune.write`."""
        return self.tune.write(path, force=force)

    def _repr_html_(self) -> str | None:
        """A player; None without pretty_midi."""
        from arvae_music.control.notebook import player

        return player(self.tune, str(self.tune.melody.title))


@dataclass(frozen=True)
class Wish:
    """What is wished for: so many measures, a meter, a key, and values for every measure.

    Raises UsageError where that makes no sense.
    """

    measures: int
    meter: Meter
    key: Tonality
    requests: tuple[Request, ...]

    def __post_init__(self) -> None:
        if not 1 <= self.measures <= MOST_MEASURES:
            raise UsageError(f"{self.measures} measures: ask for 1 to {MOST_MEASURES}")
        for request in self.requests:
            if request.change.kind == "relative":
                value = f"{request.change.value:g}".lstrip("-")
                raise UsageError(
                    f"{request.attribute.short} {request.change}: a new tune has nothing to change; "
                    f"give the value of every measure, as in {request.attribute.short} {value}"
                )
            if request.attribute.name not in _KNOWN:
                raise UsageError(
                    f"{request.attribute.short} cannot be asked of a new tune: "
                    "take density, range, contour or complexity"
                )


def parse_wish(measures: int, meter: str, key: str, requests: tuple[Request, ...]) -> Wish:
    """A wish in the words of a person.

    Raises:
        UsageError: the meter or the key is none, or the wish makes no sense.
    """
    try:
        signature = Meter.parse(meter)
    except ArvaeError as error:
        raise UsageError(str(error)) from None
    if signature.grid is None:
        known = ", ".join(grid.name for grid in GRIDS)
        raise UsageError(f"meter {meter} is not supported: take one of {known}")
    return Wish(measures, signature, parse_tonality(key), requests)


def generate(checkpoint: Checkpoint, name: str, wish: Wish, seed: int, *, beam: int) -> Generation:
    """A new tune.

    Args:
        checkpoint: the model.
        name: the model's name, for reports.
        wish: what is wished for.
        seed: the same one gives the same tune.
        beam: hypotheses of the search for each measure.

    Raises:
        ArvaeError: the checkpoint has no prior, or was not trained on the meter.
    """
    composed = compose(checkpoint, name, wish, seed, beam=beam)
    tokens = _in_key(composed.tokens, wish.key, checkpoint)
    tune = written_down(tokens, wish)
    demands = demands_of(checkpoint, wish)
    report = GenerationReport(
        output=None,
        model=name,
        seed=seed,
        meter=str(wish.meter),
        key=str(wish.key),
        requests=wish.requests,
        measures=_measured(tune.melody, composed, demands),
        notices=tuple(_notices(tokens, wish.key, demands)),
    )
    return Generation(tune, report)


def _notices(tokens: Tokens, key: Tonality, demands: Demands) -> Iterator[Notice]:
    """Where the request had the better of the key."""
    if demands.is_chromatic:
        yield Notice("chromatic", f"the request needs pitches from outside the scale of {key}")
    notes = tokens[tokens >= 0]
    if len(notes) and int(notes[-1]) % 12 != key.tonic:
        text = f"the tune ends on {pitch_name(int(notes[-1]))}: the request leaves no way to end on the tonic"
        yield Notice("ending", text, len(tokens))


def compose(checkpoint: Checkpoint, name: str, wish: Wish, seed: int, *, beam: int) -> Composed:
    """The measures of a new tune on the tonic of the prior; see `generate`."""
    check_prior(checkpoint, name)
    grid = wish.meter.grid
    if grid is None or grid.name not in checkpoint.calibration.lines:
        known = ", ".join(checkpoint.calibration.lines)
        raise ArvaeError(f"the model {name} was not trained on {wish.meter}: it knows {known}")
    if not checkpoint.calibration.has(grid.name, [attribute.name for attribute in ATTRIBUTES]):
        raise ArvaeError(f"the model {name} was trained without attributes, and cannot make tunes by them")
    composer = Composer(checkpoint, demands_of(checkpoint, wish), beam)
    return composer.compose(wish.measures, torch.Generator().manual_seed(seed))


def check_prior(checkpoint: Checkpoint, name: str) -> None:
    """Refuse a model that cannot make tunes.

    Raises:
        ArvaeError: it has no prior.
    """
    if checkpoint.prior is None:
        raise ArvaeError(
            f"the model {name} has no prior, without which it cannot make a tune: "
            "take --model folk, or train one of your own (train without --prior-epochs 0)"
        )


def demands_of(checkpoint: Checkpoint, wish: Wish) -> Demands:
    """What a wish demands of every measure, on the tonic of the prior."""
    grid = wish.meter.grid
    assert grid is not None  # noqa: S101 - see parse_wish
    return Demands(
        grid,
        tonality_of(HOME, wish.key.mode),
        {request.attribute.name: request.change.value for request in wish.requests},
        checkpoint.calibration,
        checkpoint.vocabulary,
    )


def _in_key(tokens: Tokens, key: Tonality, checkpoint: Checkpoint) -> Tokens:
    """The tune moved to its key, in the octave in which most of the corpus's tunes lie."""
    assert checkpoint.prior is not None  # noqa: S101 - see compose
    notes = tokens[tokens >= 0]
    shift = octave_near(key.tonic - HOME, notes, float(checkpoint.prior.register))
    return np.where(tokens >= 0, tokens + shift, tokens).astype(np.int16)


def written_down(tokens: Tokens, wish: Wish) -> Tune:
    """Measures `[measures, 24]` as a tune; whole strains stand between repeat signs."""
    length = wish.meter.length
    bars = tuple(Bar(i + 1, i * length, length, wish.meter) for i in range(len(tokens)))
    blank = Melody((), bars, title=f"Tune in {wish.key}", key=str(wish.key))
    melody = replace_measures(blank, measures(blank), dict(enumerate(tokens)))
    return Tune(Path(f"{melody.title}.mid"), melody, source=Sheet(bars=_signs(len(tokens))))


def _signs(count: int) -> tuple[BarSigns, ...]:
    """Every strain is played twice where the tune is made of whole ones."""
    whole = count % STRAIN == 0
    last = count - 1

    def signs(index: int) -> BarSigns:
        ends = whole and index % STRAIN == STRAIN - 1
        return BarSigns(
            opens=whole and index % STRAIN == 0,
            closes=2 if ends else 0,
            line=Line.FINAL if index == last and not ends else Line.SINGLE,
        )

    return tuple(signs(index) for index in range(count))


def _measured(melody: Melody, composed: Composed, demands: Demands) -> tuple[GeneratedMeasure, ...]:
    """A row for each measure by what the melody says, not by what was meant."""
    rows = []
    known: dict[bytes, int] = {}
    for row, source in zip(measures(melody), composed.repeats, strict=True):
        assert row.tokens is not None and row.grid is not None  # noqa: S101, PT018 - it was made of tokens
        # One that came out like another without being meant to repeats it all the same.
        like = known.setdefault(row.tokens.tobytes(), row.index)
        by_chance = None if like == row.index else like
        values = named_values(row.tokens, row.grid.code)
        exact = all_met(values, demands.targets)
        rows.append(
            GeneratedMeasure(
                index=row.index,
                meter=row.meter,
                status="exact" if exact else "nearest",
                reason=None if exact else demands.missed or "the search missed it",
                repeats=by_chance if source is None else source + 1,
                requested=demands.targets,
                after=values,
                ticks=row.grid.ticks,
            )
        )
    return tuple(rows)
