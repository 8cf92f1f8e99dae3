"""Small models, measures and corpora of the tests' own, for what needs no real music."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from arvae_music.data import Card, Corpus

from arvae_music.model import EventModel, MeasureVAE, ModelSettings
from arvae_music.tokens import Tokens
from tests.music import BEATS, SIXTEENTHS, TRIPLETS, grid_of, is_dotted, row

TINY = ModelSettings(latent=6, embedding=8, encoder_width=12, decoder_width=16, event_width=12, reading=6)
METERS = tuple(BEATS)


def tiny_vae(seed: int = 1, settings: ModelSettings = TINY) -> MeasureVAE:
    """An auto-encoder that was never trained, in evaluation mode."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        vae = MeasureVAE(settings)
    return vae.eval().requires_grad_(False)


PLAIN = replace(TINY, reading=0)
"""Sizes of an auto-encoder whose decoder has not learned to listen."""


def tiny_events(seed: int = 2, settings: ModelSettings = TINY) -> EventModel:
    """An event language model that was never trained, in evaluation mode."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        events = EventModel(settings)
    return events.eval().requires_grad_(False)


def random_measure(meter: str, generator: np.random.Generator) -> Tokens:
    """A legal measure that begins with a note; without rests."""
    events = {0: int(generator.integers(60, 73))}
    for beat in range(BEATS[meter][1]):
        even = (SIXTEENTHS, TRIPLETS)[int(generator.integers(2))]
        for place in range(6) if is_dotted(meter) else even:
            if generator.random() < 0.4:
                events[6 * beat + place] = int(generator.integers(60, 73))
    return row(meter, events)


class Entry(NamedTuple):
    """One measure of a made-up corpus."""

    meter: str
    events: dict[int, int]
    tune: int
    bar: int = 1
    split: str = "train"
    previous: int = -1
    tie_in: bool = False
    tie_out: bool = False

    @property
    def tokens(self) -> Tokens:
        """Its tokens; a tick without an event is HOLD."""
        return row(self.meter, self.events)


def corpus_of(entries: Sequence[Entry]) -> Corpus:
    """A corpus of these measures, in this order; every tune is a family of its own."""
    tunes = 1 + max(entry.tune for entry in entries)
    return Corpus(
        name="made-up",
        card=Card("made-up", "Made up", "this test", "none"),
        tokens=np.stack([entry.tokens for entry in entries]),
        meters=np.array([grid_of(entry.meter).code for entry in entries], np.uint8),
        tune=np.array([entry.tune for entry in entries], np.int32),
        bar=np.array([entry.bar for entry in entries], np.int16),
        tie_in=np.array([entry.tie_in for entry in entries], np.bool_),
        tie_out=np.array([entry.tie_out for entry in entries], np.bool_),
        previous=np.array([entry.previous for entry in entries], np.int16),
        split=np.array([("train", "validation", "test").index(entry.split) for entry in entries], np.uint8),
        titles=tuple(f"Tune {tune}" for tune in range(tunes)),
        keys=(None,) * tunes,
        families=tuple(range(tunes)),
        hash="f00d",
    )
