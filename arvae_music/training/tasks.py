"""What is trained: the auto-encoder of measures, and the event language model beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from arvae_music.attributes import resolve
from arvae_music.evaluation import reconstruction_scores
from arvae_music.kept import spacious
from arvae_music.meter import GRIDS
from arvae_music.model import EventModel, MeasureVAE, Vocabulary, event_tensors, most_events, nats_and_notes
from arvae_music.model.encoder import Posterior
from arvae_music.model.settings import ModelSettings
from arvae_music.model.vae import Coded
from arvae_music.model.vocabulary import PITCH_ID
from arvae_music.objective import cross_entropy, linearity, made_normal, normality, total_loss
from arvae_music.objective.normality import NO_SPREAD
from arvae_music.tokens import Meters, Tokens
from arvae_music.training.peers import ALONE, Peers
from arvae_music.training.settings import TrainingSettings


class Measures(NamedTuple):
    """Rows to learn from: tokens `[rows, 24]`, meter codes and the pitch before, `[rows]`."""

    tokens: Tokens
    meters: Meters
    previous: npt.NDArray[np.integer]

    def part(self, start: int, stop: int) -> Measures:
        """Rows from `start` up to `stop`."""
        return Measures(self.tokens[start:stop], self.meters[start:stop], self.previous[start:stop])

    def taken(self, at: npt.NDArray[np.integer | np.bool_]) -> Measures:
        """The rows at some indices, or where a mask is set."""
        return Measures(self.tokens[at], self.meters[at], self.previous[at])

    def thinned(self, step: int) -> Measures:
        """Every `step`-th row."""
        return Measures(self.tokens[::step], self.meters[::step], self.previous[::step])


class Task(Protocol):
    """What the loop needs to know of a thing to train."""

    name: str
    module: nn.Module
    rows: int
    score: str
    """The validation figure by which the best epoch is chosen; higher is better."""
    to_beat: float | None
    """A score from before, which the best epoch must pass, or None."""
    done: float
    """Share of the steps that are behind, from 0 to 1; whoever trains it says so."""

    def to(self, device: torch.device) -> None:
        """Put the data where the module is."""

    def losses(
        self, module: nn.Module, rows: Tensor, generator: torch.Generator, peers: Peers = ALONE
    ) -> dict[str, Tensor]:
        """The terms of the loss on a batch by name; the one called `loss` is minimized.

        Args:
            module: the networks.
            rows: the whole batch's.
            generator: of all that is random, alike in all processes.
            peers: the processes that share the batch.
        """

    def validate(self) -> dict[str, float]:
        """Figures on held-out rows; none where there are no such rows."""


class VaeTask:
    """The attribute-regularized auto-encoder on token ids."""

    name = "measures"
    score = "score"
    to_beat: float | None = None
    done = 0.0

    def __init__(self, train: Measures, validation: Measures, settings: TrainingSettings) -> None:
        self.settings = settings
        self.sizes = self.sizes_of(settings.model)
        self.module: nn.Module = MeasureVAE(self.sizes)
        self.vocabulary = Vocabulary(settings.model.lowest, settings.model.highest)
        self.rows = len(train.tokens)
        self.ids = compact_ids(train.tokens, self.vocabulary)
        self.meters = torch.from_numpy(train.meters.astype(np.uint8))
        self.values = torch.from_numpy(attribute_values(train, settings.model.attributes))
        scales = Scales.of(self.values.numpy(), train.meters)
        self.center, self.scale = (torch.from_numpy(table) for table in scales.tables())
        self.normal = torch.from_numpy(
            made_normal(self.values.numpy(), train.meters)
            if settings.normality
            else self.values.numpy()[:, :0]
        )
        self.held_out = validation
        self.held_out_standardized = scales.standardized(
            attribute_values(validation, settings.model.attributes), validation.meters
        )

    @staticmethod
    def sizes_of(model: ModelSettings) -> ModelSettings:
        """Sizes of the networks: one plain decoder, without waves (`decoder.Reader`).

        Through waves the encoder could hide a measure in small moves of the regularized dimensions, and a
        decoder that is trained for it learns slowly then.
        """
        return replace(model, reading=0)

    def to(self, device: torch.device) -> None:
        """Put the corpus on the device."""
        self.ids = self.ids.to(device)
        self.meters = self.meters.to(device)
        self.values = self.values.to(device)
        self.center, self.scale = self.center.to(device), self.scale.to(device)
        self.normal = self.normal.to(device)

    def losses(
        self, module: nn.Module, rows: Tensor, generator: torch.Generator, peers: Peers = ALONE
    ) -> dict[str, Tensor]:
        """Reconstruction, KL and attribute order of rows, transposed at random."""
        meters, values = self.meters[rows].long(), self.values[rows]
        ids = transposed(self.ids[rows].long(), self.settings.transpose, len(self.vocabulary), generator)
        forced = self._forced(generator)
        noise = self._noise(len(rows), generator)
        own = module(peers.own(ids), peers.own(meters), peers.own(noise), forced=forced)
        coded = together(own, peers, len(rows))
        terms = total_loss(
            cross_entropy(coded.log_probabilities, ids),
            coded.posterior,
            coded.z,
            values,
            meters,
            beta=falling(self.settings.beta, self.settings.final_beta, self.done),
            gamma=self.settings.gamma,
            delta=self.settings.delta,
        )._asdict()
        regularized = coded.z[:, : values.shape[1]]
        standardized = (values - self.center[meters]) / self.scale[meters]
        for name, weight, term, wanted in (
            ("linearity", self.settings.linearity, linearity, standardized),
            ("normality", self.settings.normality, normality, self.normal[rows]),
        ):
            if weight and values.shape[1]:
                terms[name] = term(regularized, wanted)
                terms["loss"] = terms["loss"] + weight * terms[name]
        return terms

    def _forced(self, generator: torch.Generator) -> bool:
        """Whether a decoder with feedback is fed the true tokens in this step: drawn for the whole batch."""
        if not self.sizes.feeds_back:
            return False
        drawn = torch.rand((), generator=on_host(generator))
        return bool(drawn < self.settings.teacher_forcing)

    def _noise(self, rows: int, generator: torch.Generator) -> Tensor:
        """Of the samples of a batch, `[rows, latent]`."""
        return torch.randn(rows, self.sizes.latent, generator=generator, device=self.ids.device)

    def validate(self) -> dict[str, float]:
        """Shares of ticks and of whole measures given back, from the mean of z and from a sample of it.

        The sample's noise is always the same. The score is what comes back from it: at the mean a posterior
        that is still too wide does not show. Where regularized dimensions are to be linear in their
        attributes, `linear` is the share of the attributes' variance that the sample has as they are, and the
        score has it added: a model that began with another's weights gives measures back long before its
        dimensions are right.
        """
        if not len(self.held_out.tokens):
            return {}
        module = self.module
        assert isinstance(module, MeasureVAE)  # noqa: S101 - it was made above
        means, spreads = encode(module, self.held_out, self.vocabulary)
        noise = torch.randn(means.shape, generator=torch.Generator().manual_seed(0)).numpy()
        sample = means + spreads * noise
        figures = self._given_back(module, means)
        sampled = {f"sampled_{name}": value for name, value in self._given_back(module, sample).items()}
        score = sampled["sampled_ticks"] + sampled["sampled_measures"]
        wanted = self.held_out_standardized
        if self.settings.linearity and wanted.shape[1]:
            sampled["linear"] = 1 - float(np.square(sample[:, : wanted.shape[1]] - wanted).mean())
            score += sampled["linear"]
        return {**figures, **sampled, "score": score}

    def _given_back(self, module: MeasureVAE, z: npt.NDArray[np.float32]) -> dict[str, float]:
        decoded = decode_means(module, z, self.held_out.meters, self.vocabulary)
        return reconstruction_scores(self.held_out.tokens, decoded)._asdict()


class EventTask:
    """The language model of melodic events."""

    name = "events"
    score = "log_likelihood"
    to_beat: float | None = None
    done = 0.0

    def __init__(self, train: Measures, validation: Measures, settings: TrainingSettings) -> None:
        self.module: nn.Module = EventModel(settings.model)
        self.rows = len(train.tokens)
        self.train = train
        counts = [most_events(part.tokens) for part in in_parts(train)]
        self.width = max(counts, default=1)
        self.meters = torch.from_numpy(train.meters.astype(np.uint8))
        notes = [(part.tokens >= 0).sum(axis=1).astype(np.uint8) for part in in_parts(train)]
        self.notes = torch.from_numpy(np.concatenate([np.zeros(0, np.uint8), *notes]))
        self.events: dict[str, Tensor] | None = None
        self.held_out = validation

    def to(self, device: torch.device) -> None:
        """Put the corpus on the device; on a CPU events are made of each batch's tokens as it comes."""
        self.meters, self.notes = self.meters.to(device), self.notes.to(device)
        if device.type != "cpu":
            self._keep(device)

    def _keep(self, device: torch.device) -> None:
        """Make the events of all rows at once, so that no step waits for the host."""
        parts = [_packed(self._events_of(part)) for part in in_parts(self.train)]
        self.events = {name: torch.cat([part[name] for part in parts]).to(device) for name in parts[0]}

    def _batch(self, rows: Tensor) -> dict[str, Tensor]:
        if self.events is None:
            return self._events_of(self.train.taken(rows.numpy()))
        return _unpacked({name: tensor[rows] for name, tensor in self.events.items()})

    def _events_of(self, rows: Measures) -> dict[str, Tensor]:
        return event_tensors(rows.tokens, rows.previous, width=self.width)

    def losses(
        self, module: nn.Module, rows: Tensor, generator: torch.Generator, peers: Peers = ALONE
    ) -> dict[str, Tensor]:
        """Nats per note of rows."""
        mine = peers.own(rows)
        own = module(self._batch(mine), self.meters[mine].long())
        nats = peers.all(own, len(rows))
        return {"loss": nats.sum() / self.notes[rows].sum().clamp(min=1)}

    def validate(self) -> dict[str, float]:
        """Nats per note, and its negative to choose the best by."""
        module = self.module
        assert isinstance(module, EventModel)  # noqa: S101 - it was made above
        if not len(self.held_out.tokens):
            return {}
        nats = nats_per_note(module, self.held_out)
        return {"nats_per_note": nats, "log_likelihood": -nats}


def _packed(events: dict[str, Tensor]) -> dict[str, Tensor]:
    """Events with a byte for each number: all of them are from -1 to 50."""
    return {
        n: tensor.to(torch.int8) if tensor.dtype == torch.long else tensor for n, tensor in events.items()
    }


def _unpacked(events: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: t.long() if t.dtype == torch.int8 else t for name, t in events.items()}


def together(coded: Coded, peers: Peers, rows: int, swapped: int = 0) -> Coded:
    """What all processes have coded of a batch of so many rows, of which the first so many are swapped."""
    return Coded(
        Posterior(*(peers.all(part, rows) for part in coded.posterior)),
        peers.all(coded.z, rows),
        peers.all(coded.log_probabilities, rows),
        None if coded.swapped is None else peers.all(coded.swapped, swapped),
    )


_PART = 8_192
"""Rows that are worked on at once where all are gone through, so that memory does not grow with them."""


def in_parts(rows: Measures, size: int = _PART) -> Iterator[Measures]:
    """Rows in order, so many at once."""
    return (rows.part(start, start + size) for start in range(0, len(rows.tokens), size))


def compact_ids(tokens: Tokens, vocabulary: Vocabulary) -> Tensor:
    """Token ids `[rows, 24]` as bytes."""
    starts = range(0, len(tokens), _PART)
    parts = (vocabulary.ids(tokens[start : start + _PART]).astype(np.uint8) for start in starts)
    return torch.from_numpy(spacious(tokens.shape, np.uint8, lambda: parts))


def attribute_values(rows: Measures, names: tuple[str, ...]) -> npt.NDArray[np.float32]:
    """Values of the named attributes, `[rows, attributes]`."""

    def of(part: Measures) -> npt.NDArray[np.float32]:
        columns = [resolve(name)(part.tokens, part.meters) for name in names]
        stacked = np.stack(columns, axis=-1) if columns else np.zeros((len(part.tokens), 0))
        return stacked.astype(np.float32)

    return spacious((len(rows.tokens), len(names)), np.float32, lambda: map(of, in_parts(rows)))


def falling(first: float, final: float, done: float) -> float:
    """A weight that stays for half of the steps, and then goes to its final value in equal ratios.

    Where one of them is 0 it goes there in equal differences.
    """
    share = max(0.0, 2 * done - 1)
    if first and final:
        return float(first ** (1 - share) * final**share)
    return first + share * (final - first)


class Scales(NamedTuple):
    """Mean and standard deviation of attributes by meter code, each `[attributes]`."""

    means: dict[int, npt.NDArray[np.float32]]
    stds: dict[int, npt.NDArray[np.float32]]

    @classmethod
    def of(cls, values: npt.NDArray[np.float32], meters: npt.NDArray[np.integer]) -> Scales:
        """Those of some values `[rows, attributes]`; what does not vary has a standard deviation of 1."""
        means, stds = {}, {}
        for meter in np.unique(meters):
            here = values[meters == meter]
            means[int(meter)], spread = here.mean(axis=0), here.std(axis=0)
            stds[int(meter)] = np.where(spread > NO_SPREAD, spread, np.float32(1.0))
        return cls(means, stds)

    def tables(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Means and standard deviations by meter code, both `[meters, attributes]`; 0 and 1 where unknown."""
        width = max((len(mean) for mean in self.means.values()), default=0)
        means, stds = np.zeros((len(GRIDS), width), np.float32), np.ones((len(GRIDS), width), np.float32)
        for meter, mean in self.means.items():
            means[meter], stds[meter] = mean, self.stds[meter]
        return means, stds

    def standardized(
        self, values: npt.NDArray[np.float32], meters: npt.NDArray[np.integer]
    ) -> npt.NDArray[np.float32]:
        """Values `[rows, attributes]` less the mean of their meter, in its standard deviations.

        Values of a meter that is not known stay as they are.
        """
        out = values.copy()
        for meter, mean in self.means.items():
            here = meters == meter
            out[here] = (values[here] - mean) / self.stds[meter]
        return out


def on_host(generator: torch.Generator) -> torch.Generator:
    """A generator for what the host decides in a step: the given one, or one of its seed.

    To look at what an accelerator has drawn would be to wait for it.
    """
    if generator.device.type == "cpu":
        return generator
    return torch.Generator().manual_seed(generator.initial_seed())


def transposed(ids: Tensor, most: int, size: int, generator: torch.Generator) -> Tensor:
    """Each measure moved by up to `most` semitones, as far as the vocabulary's `size` allows."""
    if not most:
        return ids
    pitched = ids >= PITCH_ID
    highest = torch.where(pitched, ids, PITCH_ID).amax(dim=1)
    lowest = torch.where(pitched, ids, size - 1).amin(dim=1)
    shift = torch.randint(-most, most + 1, (len(ids),), generator=generator, device=ids.device)
    shift = torch.minimum(torch.maximum(shift, PITCH_ID - lowest), size - 1 - highest)
    return torch.where(pitched, ids + shift[:, None], ids)


def id_batches(
    rows: Measures, vocabulary: Vocabulary, device: torch.device, size: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Token ids `[batch, 24]` and meter codes `[batch]` of rows, in order, on a device."""
    ids = torch.from_numpy(vocabulary.ids(rows.tokens))
    meters = torch.from_numpy(rows.meters.astype(np.int64))
    for some, codes in zip(ids.split(size), meters.split(size), strict=True):
        yield some.to(device), codes.to(device)


def most_probable(vae: MeasureVAE, rows: Measures, vocabulary: Vocabulary, batch_size: int = 2048) -> Tokens:
    """The most probable token of each tick at the mean of z, `[rows, 24]`; not always legal."""
    z = encode_means(vae, rows, vocabulary, batch_size)
    return decode_means(vae, z, rows.meters, vocabulary, batch_size)


def encode_means(
    vae: MeasureVAE, rows: Measures, vocabulary: Vocabulary, batch_size: int = 2048
) -> npt.NDArray[np.float32]:
    """Mean of z of each row, `[rows, latent]`."""
    return encode(vae, rows, vocabulary, batch_size)[0]


@torch.inference_mode()
def encode(
    vae: MeasureVAE, rows: Measures, vocabulary: Vocabulary, batch_size: int = 2048
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Mean and standard deviation of z of each row, both `[rows, latent]`."""
    device = next(vae.parameters()).device
    parts = [vae.encoder(ids, codes) for ids, codes in id_batches(rows, vocabulary, device, batch_size)]
    mean, log_std = torch.cat([part.mean for part in parts]), torch.cat([part.log_std for part in parts])
    return mean.cpu().numpy(), log_std.exp().cpu().numpy()


@torch.inference_mode()
def decode_means(
    vae: MeasureVAE,
    z: npt.NDArray[np.float32],
    meters: npt.NDArray[np.integer],
    vocabulary: Vocabulary,
    batch_size: int = 2048,
) -> Tokens:
    """The most probable token of each tick at z `[rows, latent]`, `[rows, 24]`; not always legal."""
    device = next(vae.parameters()).device
    codes = torch.from_numpy(meters.astype(np.int64))
    decoded = [
        vae.decode(some.to(device), their.to(device)).argmax(dim=-1).cpu()
        for some, their in zip(torch.from_numpy(z).split(batch_size), codes.split(batch_size), strict=True)
    ]
    return vocabulary.tokens(torch.cat(decoded).numpy())


def nats_per_note(model: EventModel, rows: Measures, batch_size: int = 2048) -> float:
    """Mean negative log-likelihood per note of rows under an event language model."""
    if not len(rows.tokens):
        return float("nan")
    total, notes = 0.0, 0
    for start in range(0, len(rows.tokens), batch_size):
        part = rows.part(start, start + batch_size)
        nats, count = nats_and_notes(model, *part)
        total, notes = total + float(nats.sum()), notes + int(count.sum())
    return total / max(notes, 1)
