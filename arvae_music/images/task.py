"""The auto-encoder of images as the training loop takes it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from arvae_music.errors import UsageError
from arvae_music.images.data import ImageData, Values, columns_of
from arvae_music.images.networks import CodedImages, ImageVAE
from arvae_music.images.settings import ImageSettings, no_siblings
from arvae_music.model.encoder import Posterior
from arvae_music.objective import binary_cross_entropy, linearity, total_loss
from arvae_music.objective.normality import NO_SPREAD
from arvae_music.training.peers import ALONE, Peers

_MOST_HELD_OUT = 2_048
"""Held-out images that are looked at after each epoch."""

_MOST_FOR_SCALES = 20_000
"""Training images by which the attributes' means and spreads are taken; sprites have all by design."""


class ImageTask:
    """The attribute-regularized auto-encoder of images."""

    name = "images"
    score = "score"
    to_beat: float | None = None
    done = 0.0

    def __init__(self, data: ImageData, settings: ImageSettings) -> None:
        """Prepare.

        Args:
            data: what is learned from; images are made as they are needed.
            settings: how to train.

        Raises:
            UsageError: an attribute to regularize is none of the data set's.
        """
        self.data, self.settings = data, settings
        self.columns = columns_of(data, settings.model.attributes)
        # Convolutions on a CPU are faster where the channels of a pixel lie together.
        vae = ImageVAE(settings.model)
        vae.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.module: nn.Module = vae
        self.train = data.splits.train
        self.rows = min(settings.images, len(self.train)) or len(self.train)
        self.held_out = spread_out(data.splits.validation, _MOST_HELD_OUT)
        known = self._values(spread_out(self.train, _MOST_FOR_SCALES))
        self.mean, spread = known.mean(axis=0), known.std(axis=0)
        self.spread = np.where(spread > NO_SPREAD, spread, np.float32(1.0))
        self.device = torch.device("cpu")

    def to(self, device: torch.device) -> None:
        """Where images go once they are made."""
        self.device = device

    def losses(
        self, module: nn.Module, rows: Tensor, generator: torch.Generator, peers: Peers = ALONE
    ) -> dict[str, Tensor]:
        """Likelihood, KL and attribute order of a batch; see `training.tasks.Task`."""
        chosen = self._chosen(rows, generator)
        swapped = self._swaps(generator)
        if swapped:
            chosen = self._with_siblings(chosen, generator)
        images, values = self._of(chosen)
        size = (len(chosen), self.settings.model.latent)
        noise = torch.randn(size, generator=generator, device=generator.device)
        together = 2 if swapped else 1  # neighbours stay in the same process

        def own(batch: Tensor) -> Tensor:
            return peers.own(batch.unflatten(0, (-1, together))).flatten(0, 1)

        def of_all(mine: Tensor) -> Tensor:
            return peers.all(mine.unflatten(0, (-1, together)), len(chosen) // together).flatten(0, 1)

        part = module(own(images), own(noise), swapped=swapped)
        posterior = Posterior(*(of_all(each) for each in part.posterior))
        coded = CodedImages(posterior, of_all(part.z), of_all(part.logits))
        return self._terms(images, coded, values)

    def _swaps(self, generator: torch.Generator) -> bool:
        """Whether images are decoded with their siblings' free dimensions in this step.

        Ever more often: from the start, the encoder would see nothing in images but what is regularized.
        """
        if not self.settings.swapped:
            return False
        drawn = torch.rand((), generator=generator, device=generator.device)
        return bool(drawn < self.settings.swapped * self.done)

    def _with_siblings(
        self, rows: npt.NDArray[np.int64], generator: torch.Generator
    ) -> npt.NDArray[np.int64]:
        """The first half of the rows, each with a sibling after it."""
        first = rows[: -(-len(rows) // 2)]
        seed = torch.randint(2**31, (), generator=generator, device=generator.device)
        names = self.settings.model.attributes
        siblings = self.data.siblings(first, names, np.random.default_rng(int(seed)))
        if siblings is None:
            raise UsageError(no_siblings(self.data, self.settings.swapped))
        return np.stack([first, siblings], axis=1).ravel()

    def _terms(self, images: Tensor, coded: CodedImages, values: Tensor) -> dict[str, Tensor]:
        settings = self.settings
        terms = total_loss(
            binary_cross_entropy(coded.logits, images),
            coded.posterior,
            coded.z,
            values,
            torch.zeros(len(values), dtype=torch.long, device=values.device),
            beta=settings.beta,
            gamma=settings.gamma,
            delta=settings.delta,
        )._asdict()
        if settings.linearity and values.shape[1]:
            wanted = (values - self._on(self.mean)) / self._on(self.spread)
            terms["linearity"] = linearity(coded.z[:, : values.shape[1]], wanted)
            terms["loss"] = terms["loss"] + settings.linearity * terms["linearity"]
        return terms

    @torch.inference_mode()
    def validate(self) -> dict[str, float]:
        """The terms of the loss on held-out images with noise that is always the same, and the score."""
        module = self.module
        assert isinstance(module, ImageVAE)  # noqa: S101 - it was made above
        if not len(self.held_out):
            return {}
        generator = torch.Generator().manual_seed(0)
        sums: dict[str, float] = {}
        for rows in np.array_split(self.held_out, -(-len(self.held_out) // 256)):
            noise = torch.randn(len(rows), self.settings.model.latent, generator=generator)
            images, values = self._of(rows)
            terms = self._terms(images, module(images, noise.to(self.device)), values)
            for name, term in terms.items():
                sums[name] = sums.get(name, 0.0) + float(term) * len(rows) / len(self.held_out)
        return {**{f"held_out_{name}": value for name, value in sums.items()}, "score": -sums["loss"]}

    def _chosen(self, rows: Tensor, generator: torch.Generator) -> npt.NDArray[np.int64]:
        """The images of a batch: those of its rows, or where an epoch is a part of all, any."""
        if self.rows == len(self.train):
            return np.asarray(self.train[rows.cpu().numpy()])
        drawn = torch.randint(len(self.train), (len(rows),), generator=generator, device=generator.device)
        return np.asarray(self.train[drawn.cpu().numpy()])

    def _of(self, rows: npt.NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Images `[n, 1, side, side]` and values `[n, attributes]`, where the module is."""
        images, values = self.data.images(rows), self._values(rows)
        return torch.from_numpy(images).to(self.device), torch.from_numpy(values).to(self.device)

    def _values(self, rows: npt.NDArray[np.int64]) -> Values:
        return np.ascontiguousarray(self.data.values(rows)[:, self.columns])

    def _on(self, array: npt.NDArray[np.float32]) -> Tensor:
        return torch.from_numpy(array).to(self.device)


def spread_out(rows: npt.NDArray[np.int64], most: int) -> npt.NDArray[np.int64]:
    """At most so many of the rows, at equal distances."""
    return rows[:: max(1, -(-len(rows) // most))]
