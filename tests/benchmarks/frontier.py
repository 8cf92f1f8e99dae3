"""Reconstruction against control: `python -m tests.benchmarks.frontier [MODEL]...`.

A model with a draft beside its listening decoder lets the draft stand where it is what z asks for
(`MeasureVAE.decode`). How near it must be decides between two ends: never, and the listening decoder
writes all; always, and the plain one does. For each of some tolerances the table has the ticks and the
measures that come back, and how well values are followed when a measure gets all regularized dimensions of
another: what a tolerance gains in one it may lose in the other.
"""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

import numpy as np
import typer
from arvae_music.data import load_corpus
from rich.console import Console
from rich.table import Table

from arvae_music.control.model import load_model
from arvae_music.evaluation import reconstruction_scores
from arvae_music.training.checkpoint import Checkpoint
from arvae_music.training.coding import decoded, encoded
from arvae_music.training.listening import joint_swap
from arvae_music.training.readable import readable_measures
from arvae_music.training.tasks import Measures

TOLERANCES = (-1.0, 0.05, 0.1, 0.2, 0.4, math.inf)
"""In standard deviations of an attribute; with -1 no draft stands, and with infinity all do."""


class Point(NamedTuple):
    """What a tolerance gives: shares of ticks and measures, and a correlation for each attribute."""

    mean_ticks: float
    mean_measures: float
    sampled_ticks: float
    sampled_measures: float
    swaps: tuple[float, ...]


def point(checkpoint: Checkpoint, rows: Measures, tolerance: float, seed: int = 0) -> Point:
    """Measure a model with a tolerance."""
    vae, before = checkpoint.vae, checkpoint.vae.agreement
    vae.agreement = tolerance
    try:
        latent = encoded(checkpoint, rows, seed)
        mean, sampled = (
            reconstruction_scores(rows.tokens, decoded(checkpoint, z, rows).tokens)
            for z in (latent.mean, latent.sampled)
        )
        swaps = joint_swap(vae, rows, checkpoint.settings.attributes, checkpoint.vocabulary, seed)
    finally:
        vae.agreement = before
    return Point(mean.ticks, mean.measures, sampled.ticks, sampled.measures, tuple(map(float, swaps)))


def label(tolerance: float, usual: float) -> str:
    """A tolerance in words."""
    words = {-1.0: "listening alone", math.inf: "plain alone"}
    return words.get(tolerance, f"{tolerance:g}") + (" (as it comes)" if tolerance == usual else "")


def main(
    models: Annotated[list[str] | None, typer.Argument(help="Names, files or folders.")] = None,
    corpus: Annotated[str | None, typer.Option(help="The model's own, if none is named.")] = None,
    split: Annotated[str, typer.Option(help="Whose measures.")] = "validation",
) -> None:
    """Print the frontier of each model."""
    for name in models or ["folk", "bach"]:
        checkpoint = load_model(name).checkpoint
        if checkpoint.vae.draft is None:
            raise SystemExit(f"{name} has no draft beside its decoder: there is nothing to weigh")
        rows = readable_measures(checkpoint, load_corpus(corpus or checkpoint.card["corpus"]["name"]), split)
        table = Table(title=f"{name}, {split} split, {len(rows.tokens):,} measures of all meters")
        heads = ("a draft stands within", "ticks", "measures", "ticks, sampled z", "measures, sampled z")
        for head in (*heads, *checkpoint.settings.attributes, "mean swap"):
            table.add_column(head.replace("_", " "), justify="right")
        for tolerance in TOLERANCES:
            at = point(checkpoint, rows, tolerance)
            shares = (f"{100 * share:.2f}%" for share in at[:4])
            swaps = (f"{swap:.3f}" for swap in (*at.swaps, float(np.mean(at.swaps))))
            table.add_row(label(tolerance, checkpoint.vae.agreement), *shares, *swaps)
        Console(width=120).print(table)


if __name__ == "__main__":
    typer.run(main)
