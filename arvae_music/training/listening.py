"""A decoder that listens: a new one for a trained encoder, that edits as its regularized dimensions ask.

A strong auto-encoder keeps attributes in all its dimensions, and its decoder need not look at the
regularized ones. So it is trained anew, from nothing, on what an edit is: from a measure's content
dimensions and the regularized ones of an edited copy, whose attributes are others, the copy. Where
both come from the measure itself, it is to come back.

Ticks are decoded independently, and what cannot be known of a copy (where its new note stands) leaves
the most probable tokens short of notes. So among the measures of a batch regularized dimensions are
swapped, too, and the decoder is held to the values that they ask for (`objective.following`).

The encoder stays as it is. Trained along with such a decoder it takes to saying ever more (six times
the nats, in trials), and fewer ticks come back; a decoder that has learned not to listen hardly learns
it any more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from arvae_music.errors import ArvaeError
from arvae_music.evaluation import correlations, reconstruction_scores
from arvae_music.files import atomic_write
from arvae_music.model import EventModel, MeasureVAE, Vocabulary
from arvae_music.model.settings import ModelSettings
from arvae_music.objective import cross_entropy, following, total_loss
from arvae_music.objective.normality import NO_SPREAD
from arvae_music.tokens import Tokens
from arvae_music.training.loop import Listener
from arvae_music.training.peers import ALONE, Peers
from arvae_music.training.settings import TrainingSettings
from arvae_music.training.tasks import (
    Measures,
    VaeTask,
    attribute_values,
    compact_ids,
    decode_means,
    encode_means,
    most_probable,
    together,
    transposed,
)

Copier = Callable[[Measures, EventModel, TrainingSettings], Iterator[Tokens]]
"""Makes `settings.copies` edited copies of each row, in parts of some rows; see `control.edited_copies`."""

_MOST_SWAPPED = 2_000
"""Held-out measures among which dimensions are swapped after each epoch, about."""


class ListeningTask(VaeTask):
    """The auto-encoder with a new decoder, on measures and their edited copies."""

    name = "listening"
    score = "listening"

    def __init__(
        self,
        train: Measures,
        validation: Measures,
        settings: TrainingSettings,
        copies: Tokens,
        vae: MeasureVAE,
    ) -> None:
        """Prepare.

        Args:
            train: rows to learn from.
            validation: rows that are held out.
            settings: how to train.
            copies: edited copies of the training rows, `[copies, rows, 24]`.
            vae: a trained auto-encoder, whose encoder is taken and whose score is to be beaten.
        """
        super().__init__(train, validation, settings)
        module = self.module
        assert isinstance(module, MeasureVAE)  # noqa: S101 - made above
        module.encoder.load_state_dict(vae.encoder.state_dict())
        module.encoder.requires_grad_(False)
        if module.draft is not None:
            # A run that goes on may have a listening decoder already, with the plain one as its draft.
            plain = vae.decoder if vae.draft is None else vae.draft
            module.draft.load_state_dict(plain.state_dict())
        self.copies = torch.stack([compact_ids(tokens, self.vocabulary) for tokens in copies])
        values = [
            attribute_values(train._replace(tokens=tokens), settings.model.attributes) for tokens in copies
        ]
        self.copies_values = torch.from_numpy(np.stack(values))
        spread = self.values.std(dim=0)
        self.spread = torch.where(spread > NO_SPREAD, spread, torch.ones_like(spread))
        self.to_beat = self._figures(vae).get("listening")

    @staticmethod
    def sizes_of(model: ModelSettings) -> ModelSettings:
        """Sizes of the networks: the new decoder reads the regularized dimensions through waves."""
        return model

    def to(self, device: torch.device) -> None:
        """Put the corpus on the device."""
        super().to(device)
        self.copies = self.copies.to(device)
        self.copies_values = self.copies_values.to(device)
        self.spread = self.spread.to(device)

    def losses(
        self, module: nn.Module, rows: Tensor, generator: torch.Generator, peers: Peers = ALONE
    ) -> dict[str, Tensor]:
        """The terms of the loss where measures are to come back, or to become their copies."""
        settings, size = self.settings, (len(rows),)
        which = torch.randint(len(self.copies), size, generator=generator, device=rows.device)
        both = torch.cat([self.ids[rows], self.copies[which, rows]], dim=1).long()
        both = transposed(both, settings.transpose, len(self.vocabulary), generator)
        measure, copy = both.chunk(2, dim=1)
        edited = torch.rand(size, generator=generator, device=rows.device) >= settings.clean
        target = torch.where(edited[:, None], copy, measure)
        values = torch.where(edited[:, None], self.copies_values[which, rows], self.values[rows])
        meters = self.meters[rows].long()
        swap = partners(meters[: max(2, len(rows) // 2)], generator) if settings.following else None
        own = module(
            peers.own(target),
            peers.own(meters),
            peers.own(self._noise(len(rows), generator)),
            content=peers.own(measure),
            swap=None if swap is None else peers.own(swap),
            gather=partial(peers.all, rows=len(rows)),
        )
        coded = together(own, peers, len(rows), 0 if swap is None else len(swap))
        terms = total_loss(
            cross_entropy(coded.log_probabilities, target),
            coded.posterior,
            coded.z,
            values,
            meters,
            beta=settings.final_beta,
            gamma=settings.gamma,
            delta=settings.delta,
        )._asdict()
        if swap is not None and coded.swapped is not None:
            asked, names = values[swap], settings.model.attributes
            terms["following"] = following(coded.swapped, meters[: len(swap)], asked, names, self.spread)
            terms["loss"] = terms["loss"] + settings.following * terms["following"]
        return terms

    def validate(self) -> dict[str, float]:
        """Reconstruction, and how well the decoder follows all regularized dimensions of another measure.

        `swap_NAME` is the correlation by attribute; `listening`, the score, is their mean and the share of
        ticks that come back.
        """
        module = self.module
        assert isinstance(module, MeasureVAE)  # noqa: S101 - made above
        return self._figures(module)

    def _figures(self, vae: MeasureVAE) -> dict[str, float]:
        rows = self.held_out
        if not len(rows.tokens):
            return {}
        scores = reconstruction_scores(rows.tokens, most_probable(vae, rows, self.vocabulary))
        names = self.settings.model.attributes
        some = rows.thinned(max(1, len(rows.tokens) // _MOST_SWAPPED))
        swaps = joint_swap(vae, some, names, self.vocabulary, self.settings.seed)
        by_name = {f"swap_{name}": float(value) for name, value in zip(names, swaps, strict=True)}
        return {**scores._asdict(), **by_name, "listening": scores.ticks + float(np.mean(swaps))}


def partners(meters: Tensor, generator: torch.Generator) -> Tensor:
    """For each measure another of its meter, or itself where there is no other, `[batch]`."""
    order = torch.argsort(meters + torch.rand(len(meters), generator=generator, device=meters.device) / 2)
    after = order.roll(-1)
    out = torch.empty_like(order)
    out[order] = after
    return torch.where(meters[out] == meters, out, torch.arange(len(meters), device=meters.device))


@torch.inference_mode()
def joint_swap(
    vae: MeasureVAE, rows: Measures, names: tuple[str, ...], vocabulary: Vocabulary, seed: int
) -> npt.NDArray[np.float64]:
    """Correlation of values, where measures get all regularized dimensions of others of their meter.

    What the other measure has is correlated with what the most probable tokens have, `[attributes]`;
    the mean over meters, weighted by measures.
    """
    generator = np.random.default_rng(seed)
    found, weights = [], []
    values, z = attribute_values(rows, names), encode_means(vae, rows, vocabulary)
    for meter in np.unique(rows.meters):
        here = np.flatnonzero(rows.meters == meter)
        if len(here) < 2:
            continue
        others = generator.permutation(here)
        swapped = np.concatenate([z[others, : len(names)], z[here, len(names) :]], axis=1)
        tokens = decode_means(vae, swapped, rows.meters[here], vocabulary)
        got = attribute_values(rows.taken(here)._replace(tokens=tokens), names)
        found.append(correlations(values[others], got))
        weights.append(len(here))
    if not found:
        return np.zeros(len(names))
    return np.asarray(np.average(np.nan_to_num(found), axis=0, weights=weights))


def make_copies(
    path: Path,
    copier: Copier,
    rows: Measures,
    events: EventModel,
    settings: TrainingSettings,
    listener: Listener,
) -> dict[str, float]:
    """Make the copies of rows and write them to a file, whole; how long it took.

    Raises:
        ArvaeError: the system refuses.
    """
    total = settings.copies * len(rows.tokens)
    began, parts, done = time.perf_counter(), [], 0
    listener.begin("copies", 1, total, 0)
    for part in copier(rows, events, settings):
        parts.append(part)
        done += len(part)
        listener.step(0, done, {}, done / (time.perf_counter() - began))
    seconds = time.perf_counter() - began
    figures = {"epoch": 1, "seconds": seconds, "measures_per_second": done / seconds}
    listener.epoch("copies", figures)
    tokens = torch.from_numpy(np.concatenate(parts).reshape(settings.copies, *rows.tokens.shape))
    atomic_write(path, save({"tokens": tokens}), force=True)
    return figures


def load_copies(path: Path, rows: Measures, settings: TrainingSettings) -> Tokens:
    """Read the copies of rows, `[copies, rows, 24]`.

    Raises:
        ArvaeError: the file is not there, or not of these rows.
    """
    try:
        tokens = load(path.read_bytes())["tokens"].numpy()
    except (OSError, KeyError, SafetensorError) as error:
        raise ArvaeError(f"cannot read the copies in {path}: {error}") from error
    if tokens.shape != (settings.copies, *rows.tokens.shape):
        raise ArvaeError(f"{path} holds copies of other measures: remove it, and they are made again")
    return np.asarray(tokens, np.int16)
