"""The variational auto-encoder of measures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor, nn

from arvae_music.model.decoder import Decoder
from arvae_music.model.encoder import Encoder, Posterior
from arvae_music.model.feedback import FeedbackDecoder
from arvae_music.model.layers import can_count, filled_up
from arvae_music.model.settings import ModelSettings
from arvae_music.model.tick_encoder import TickEncoder
from arvae_music.model.vocabulary import Vocabulary

AGREEMENT = 0.1
"""How far a draft's regularized dimensions may be from those of z, in standard deviations of attributes."""


class Coded(NamedTuple):
    """What a pass through the auto-encoder gives.

    `z` is `[batch, latent]`, `log_probabilities` `[batch, 24, ids]`, `swapped` the same of swapped
    measures, or None where none were asked for.
    """

    posterior: Posterior
    z: Tensor
    log_probabilities: Tensor
    swapped: Tensor | None = None


class MeasureVAE(nn.Module):
    """Recurrent VAE of one measure; its first latent dimensions are the regularized ones."""

    def __init__(self, settings: ModelSettings) -> None:
        super().__init__()
        size = len(Vocabulary(settings.lowest, settings.highest))
        self.encoder: Encoder | TickEncoder = (
            Encoder(settings, size) if settings.encoder == "beats" else TickEncoder(settings, size)
        )
        self.decoder: Decoder | FeedbackDecoder = (
            FeedbackDecoder(settings, size) if settings.feeds_back else Decoder(settings, size)
        )
        self.draft: Decoder | None = None
        if settings.draft and settings.reading and settings.attributes:
            self.draft = Decoder(replace(settings, reading=0), size).requires_grad_(False)
        self.agreement = AGREEMENT
        self.regularized = len(settings.attributes)

    def forward(
        self,
        ids: Tensor,
        meters: Tensor,
        noise: Tensor | None = None,
        *,
        content: Tensor | None = None,
        swap: Tensor | None = None,
        gather: Callable[[Tensor], Tensor] | None = None,
        forced: bool = False,
    ) -> Coded:
        """Encode, sample, decode; a draft has no part in it.

        Args:
            ids: token ids, `[batch, 24]`.
            meters: meter codes, `[batch]`.
            noise: standard normal, of the sample, `[batch, latent]`; drawn here if None.
            content: token ids, `[batch, 24]`, from which all but the regularized dimensions come, or
                None where they come from `ids` like the regularized ones.
            swap: for the first so many measures, which measure of the batch to take the regularized
                dimensions from in a second decoding, whose gradient reaches the decoder alone.
            gather: where these measures are a share of the batch that `swap` counts in, the regularized
                dimensions of all of it from those of the share.
            forced: a decoder with feedback is fed `ids`, rather than what it takes for the most probable
                tokens (teacher forcing).
        """
        posterior = self.encoder(ids, meters)
        if content is not None:
            posterior = self._with_content(posterior, ids, content, meters)
        z = posterior.sample() if noise is None else posterior.at(noise)
        swapped = None
        if swap is not None:
            theirs = z.detach()[:, : self.regularized]
            swapped = self._swapped(z.detach(), meters, (theirs if gather is None else gather(theirs))[swap])
        if isinstance(self.decoder, FeedbackDecoder):
            return Coded(posterior, z, self.decoder(z, meters, ids if forced else None), swapped)
        return Coded(posterior, z, self.decoder(z, meters), swapped)

    def decode(self, z: Tensor, meters: Tensor) -> Tensor:
        """Z to log-probabilities of every tick's token.

        A plain decoder gives measures back best, but hardly looks at the regularized dimensions where the
        others tell the measure as well; one that has learned to listen to them loses some ticks. With both
        the plain one's most probable measure is read by the encoder again: where that finds the regularized
        dimensions that z has, within `agreement`, the plain one's answer stands, and elsewhere the
        listening one's.

        Args:
            z: latents, `[batch, latent]`.
            meters: meter codes, `[batch]`.

        Returns:
            `[batch, 24, ids]`; PAD is certain past the meter and impossible in it.
        """
        if self.draft is None:
            decoded: Tensor = self.decoder(z, meters)
            return decoded
        draft: Tensor = self.draft(z, meters)
        found = self.encoder(draft.argmax(dim=-1), meters).mean[:, : self.regularized]
        gap = (found - z[:, : self.regularized]).abs().amax(dim=1)
        (others,) = (~(gap <= self.agreement)).nonzero(as_tuple=True)
        if not len(others):
            return draft
        return draft.index_put((others,), self.decoder(z[others], meters[others]))

    def _swapped(self, z: Tensor, meters: Tensor, regularized: Tensor) -> Tensor:
        """Log-probabilities of the first measures with other regularized dimensions `[some, attributes]`."""
        some = len(regularized)
        mixed = torch.cat([regularized, z[:some, self.regularized :]], dim=1)
        decoded: Tensor = self.decoder(mixed, meters[:some])
        return decoded

    def _with_content(self, posterior: Posterior, ids: Tensor, content: Tensor, meters: Tensor) -> Posterior:
        """The posterior with the content dimensions of other measures, where they are others."""
        if not can_count(ids):
            kept, theirs = self.regularized, self.encoder(content, meters)
            parts = zip(posterior, theirs, strict=True)
            return Posterior(*(torch.cat([mine[:, :kept], other[:, kept:]], dim=1) for mine, other in parts))
        (others,) = (content != ids).any(dim=1).nonzero(as_tuple=True)
        if not len(others):
            return posterior
        mixed = [part.clone() for part in posterior]
        rows = filled_up(others)
        theirs = self.encoder(content[rows], meters[rows])
        for part, other in zip(mixed, theirs, strict=True):
            part[others, self.regularized :] = other[: len(others), self.regularized :]
        return Posterior(*mixed)
