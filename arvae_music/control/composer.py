"""A new tune measure by measure: the prior proposes, and the search writes what satisfies the demands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from arvae_music.control.constraint import Constraint
from arvae_music.control.demands import Demands
from arvae_music.control.score import EventScorer, Scores
from arvae_music.control.search import search
from arvae_music.control.weights import ScoreWeights
from arvae_music.model import nats_and_notes
from arvae_music.model.prior import LAGS, MeasurePrior, Place
from arvae_music.model.vocabulary import PITCH_ID
from arvae_music.tokens import Tokens
from arvae_music.training.checkpoint import Checkpoint
from arvae_music.training.tunes import prior_mode

WEIGHTS = ScoreWeights(decoder=1.5)
"""Of the decoder at the z that the prior proposes, and of the event language model; there is no source."""

_NEAREST_ENDS = 2
"""Octaves of the tonic that are tried for the last note."""


class Composed(NamedTuple):
    """A tune on the tonic of the prior.

    `tokens` is `[measures, 24]`; `repeats` has for each measure the one that it repeats, or None.
    """

    tokens: Tokens
    repeats: tuple[int | None, ...]


class _Option(NamedTuple):
    """Something to write as the next measure: a proposed z and what it must satisfy."""

    z: Tensor
    constraint: Constraint


@dataclass
class Composer:
    """Writes tunes with a checkpoint that has a prior.

    Attributes:
        checkpoint: the model.
        demands: on every measure.
        beam: hypotheses of the search for each measure.
        draws: latents that the prior proposes for a new measure.
        tries: how many of them are written, of which the best is kept.
        weights: of the parts of the score.
    """

    checkpoint: Checkpoint
    demands: Demands
    beam: int = 24
    draws: int = 32
    tries: int = 6
    weights: ScoreWeights = field(default_factory=lambda: WEIGHTS)

    @property
    def prior(self) -> MeasurePrior:
        """The checkpoint's prior."""
        assert self.checkpoint.prior is not None  # noqa: S101 - see generate
        return self.checkpoint.prior

    @torch.inference_mode()
    def compose(self, measures: int, generator: torch.Generator) -> Composed:
        """So many measures."""
        written: list[Tokens] = []
        latents: list[Tensor] = []
        repeats: list[int | None] = []
        for index in range(measures):
            place = self._place(index, measures)
            state = self.prior.state(self._history(latents), place)
            back = self._choice(state, written, last=index == measures - 1, generator=generator)
            if back:
                source = index - back
                repeats.append(repeats[source] if repeats[source] is not None else source)
                written.append(written[source])
                latents.append(latents[source])
            else:
                tokens = self._new(state, written, last=index == measures - 1, generator=generator)
                written.append(tokens)
                latents.append(self._encoded(tokens))
                repeats.append(None)
        return Composed(np.stack(written), tuple(repeats))

    def _place(self, index: int, measures: int) -> Place:
        mode = prior_mode(self.demands.key.mode)
        numbers = (self.demands.grid.code, mode, index, measures - 1 - index)
        return Place(*(torch.tensor([number]) for number in numbers))

    def _history(self, latents: Sequence[Tensor]) -> Tensor:
        blank = torch.full((self.prior.latent,), torch.nan)
        known = [latents[-lag] if lag <= len(latents) else blank for lag in LAGS]
        return self.prior.standardized(torch.stack(known))[None]

    def _encoded(self, tokens: Tokens) -> Tensor:
        ids = torch.from_numpy(self.demands.vocabulary.ids(tokens[None]))
        z: Tensor = self.checkpoint.vae.encoder(ids, torch.tensor([self.demands.grid.code])).mean[0]
        return z

    def _choice(
        self,
        state: Tensor,
        written: Sequence[Tokens],
        *,
        last: bool,
        generator: torch.Generator,
    ) -> int:
        """How many measures back the one is that comes again; 0 for a new one."""
        chances = self.prior.copy_scores(state, torch.tensor([len(written)]))[0].exp()
        if last:  # only what ends as a tune ends may come again
            for number, lag in enumerate(LAGS, start=1):
                if lag <= len(written) and not self._ends(written[-lag]):
                    chances[number] = 0.0
        chosen = int(torch.multinomial(chances, 1, generator=generator))
        return (0, *LAGS)[chosen]

    def _ends(self, tokens: Tokens) -> bool:
        notes = tokens[tokens >= 0]
        return bool(len(notes)) and int(notes[-1]) % 12 == self.demands.key.tonic

    def _new(
        self, state: Tensor, written: Sequence[Tokens], *, last: bool, generator: torch.Generator
    ) -> Tokens:
        """The best of some measures that the prior proposes."""
        noise = torch.randn(self.draws, self.prior.latent, generator=generator)
        drawn = self.prior.carried(state.expand(self.draws, -1), noise)
        before = _last_pitch(written, self.demands.vocabulary.lowest)
        options = list(self._options(self._nearest(drawn), before, first=not written, last=last))
        codes = torch.full((len(options),), self.demands.grid.code)
        decoded = self.checkpoint.vae.decode(torch.stack([option.z for option in options]), codes)
        decoded = decoded.clamp(min=self.weights.floor)
        scores = Scores(self.weights.decoder * decoded)
        scorer = self._scorer(len(options), before)
        ids = search([option.constraint for option in options], scores, scorer, beam=self.beam)
        tokens = self.demands.vocabulary.tokens(ids)
        return np.asarray(tokens[self._best(ids, tokens, decoded, before)])

    def _nearest(self, drawn: Tensor) -> Tensor:
        """Those of the latents `[draws, latent]` that are nearest to what is asked for, moved onto it."""
        names = self.checkpoint.settings.attributes
        lines = self.demands.calibration.lines[self.demands.grid.name]
        asked = [number for number, name in enumerate(names) if name in self.demands.targets]
        if not asked:
            return drawn[: self.tries]
        wanted = [lines[names[i]].place(np.array([self.demands.targets[names[i]]]))[0] for i in asked]
        places = torch.tensor(wanted, dtype=drawn.dtype)
        distance = ((drawn[:, asked] - places) / self.prior.std[asked]).abs().sum(dim=1)
        near = drawn[distance.argsort(stable=True)[: self.tries]].clone()
        near[:, asked] = places
        return near

    def _options(self, latents: Tensor, before: int | None, *, first: bool, last: bool) -> Iterable[_Option]:
        """Each z with what it must satisfy; an end that cannot be had is left out."""
        for z in latents:
            made = self.demands.any
            if first:
                made = self._opened(z, made)
            ends = [self.demands.closing(made, pitch) for pitch in self._ends_near(before)] if last else []
            possible = [end for end in ends if end.is_feasible()]
            yield from (_Option(z, constraint) for constraint in possible or [made])

    def _opened(self, z: Tensor, constraint: Constraint) -> Constraint:
        """With the first note that the decoder likes best of those that the key suggests."""
        decoded = self.checkpoint.vae.decode(z[None], torch.tensor([self.demands.grid.code]))[0, 0]
        pitches = self.demands.pitches_of(self.demands.key.triad)
        for pitch in sorted(pitches, key=lambda p: -float(decoded[PITCH_ID + p])):
            opened = self.demands.opening(constraint, pitch)
            if opened.is_feasible():
                return opened
        return constraint

    def _ends_near(self, before: int | None) -> list[int]:
        """Tonics nearest to the note before, in semitones from the vocabulary's lowest."""
        low = self.demands.vocabulary.lowest
        around = before if before is not None else round(float(self.prior.register)) - low
        tonics = self.demands.pitches_of((self.demands.key.tonic,))
        return sorted(tonics, key=lambda pitch: (abs(pitch - around), pitch))[:_NEAREST_ENDS]

    def _scorer(self, options: int, before: int | None) -> EventScorer:
        pitches = self.demands.vocabulary.span + 1
        return EventScorer(
            self.checkpoint.events,
            np.full(options, self.demands.grid.code),
            np.zeros(options, np.bool_),
            np.full((options, 1), -1 if before is None else before),
            np.zeros((options, pitches), np.float32),
            weight=self.weights.events,
            pitches=pitches,
        )

    def _best(self, ids: npt.NDArray[np.int64], tokens: Tokens, decoded: Tensor, before: int | None) -> int:
        """The one that is nearest to its z, by the decoder, and most natural, both per note."""
        ticks = self.demands.grid.ticks
        chosen = torch.from_numpy(ids)[:, :ticks, None]
        near = decoded[:, :ticks].gather(-1, chosen).sum(dim=(1, 2)).double().numpy()
        previous = np.full(len(ids), -1 if before is None else before + self.demands.vocabulary.lowest)
        codes = np.full(len(ids), self.demands.grid.code)
        nats, notes = nats_and_notes(self.checkpoint.events, tokens, codes, previous)
        value = (self.weights.decoder * near - self.weights.events * nats) / np.maximum(notes, 1)
        return int(value.argmax())


def _last_pitch(written: Sequence[Tokens], lowest: int) -> int | None:
    """The pitch that started last, from the vocabulary's lowest."""
    for tokens in reversed(written):
        notes = tokens[tokens >= 0]
        if len(notes):
            return int(notes[-1]) - lowest
    return None
