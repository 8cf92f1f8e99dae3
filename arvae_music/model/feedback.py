"""z to the log-probabilities of every tick's token, where each tick sees the token before it."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import selu

from arvae_music.meter import MAX_BEATS, TICKS, TICKS_PER_BEAT
from arvae_music.model.layers import MeterEmbedding, log_probabilities, of_own
from arvae_music.model.settings import ModelSettings
from arvae_music.model.vocabulary import PAD_ID


class _Plan(NamedTuple):
    """What the tick layers start each of their sequences from.

    Attributes:
        states: first hidden states, `[layers, batch, sequences, width]`.
        told: what every tick of a sequence is told, `[batch, sequences, features]`.
    """

    states: Tensor
    told: Tensor


class FeedbackDecoder(nn.Module):
    """Recurrent layers over the ticks, each fed the token of the tick before.

    With a beat layer it is the decoder of MeasureVAE (Pati, Lerch & Hadjeres 2019, section 3.2, after the
    hierarchical decoder of MusicVAE: Roberts et al. 2018): a beat layer that is fed nothing unrolls z over
    the four beats, and what it gives for a beat starts the tick layers and is told to each of their six
    ticks. Without, one sequence of all ticks starts from z and is told z. PAD is fed before the first
    tick, which no tick of the meter can have; the first tick of a later beat is fed the last token of the
    beat before it.

    The papers know one meter; here the meter is told beside z.

    Training feeds the true tokens (teacher forcing) or, without them, the decoder's own most probable
    ones. Decoding has only the latter: the distributions are those of the greedy sequence, each given z
    and the most probable tokens before it. A search over legal measures takes them as if they were
    independent, so it is exact in its constraints, and only near the best in the decoder's own score.
    """

    def __init__(self, settings: ModelSettings, vocabulary_size: int) -> None:
        super().__init__()
        width, embedding, layers = settings.decoder_width, settings.embedding, settings.layers
        given = settings.latent + embedding
        self.width, self.layers = width, layers
        self.meter = MeterEmbedding(embedding)
        self.token = nn.Embedding(vocabulary_size, embedding)
        self.start = nn.Linear(given, layers * width)
        self.beats: nn.GRU | None = None
        told = given
        if settings.decoder == "feedback":
            self.beats = nn.GRU(1, width, layers, batch_first=True)
            self.begin = nn.Linear(width, layers * width)
            told = width
        self.ticks = nn.GRU(embedding + told, width, layers, batch_first=True)
        self.output = nn.Linear(width, vocabulary_size)

    def forward(self, z: Tensor, meters: Tensor, fed: Tensor | None = None) -> Tensor:
        """Log-probabilities of tokens, `[batch, 24, ids]`; PAD is certain past the meter.

        Args:
            z: latents, `[batch, latent]`.
            meters: meter codes, `[batch]`.
            fed: token ids to feed, `[batch, 24]` (each is seen by the ticks after it), or None for the
                most probable ones.
        """
        plan = self._plan(z, meters)
        if fed is not None:
            logits = self._forced(plan, fed)
        elif self.training:  # what is fed passes no gradient: all ticks go through the layers at once
            with torch.no_grad():
                fed = _likeliest(self._unrolled(plan))
            logits = self._forced(plan, fed)
        else:
            logits = self._unrolled(plan)
        own = self.meter.own_beats(meters)
        by_beat = logits.reshape(len(own), MAX_BEATS, TICKS_PER_BEAT, -1)
        return log_probabilities(of_own(by_beat, own), own)

    def _plan(self, z: Tensor, meters: Tensor) -> _Plan:
        given = torch.cat([z, self.meter(meters)], dim=-1)
        first = self._layered(selu(self.start(given)))
        if self.beats is None:
            return _Plan(first[:, :, None], given[:, None])
        nothing = given.new_zeros(len(z), MAX_BEATS, 1)
        beats, _ = self.beats(nothing, first.contiguous())
        return _Plan(self._layered(selu(self.begin(beats))), beats)

    def _layered(self, states: Tensor) -> Tensor:
        """`[..., layers * width]` -> `[layers, ..., width]`."""
        return states.view(*states.shape[:-1], self.layers, self.width).movedim(-2, 0)

    def _forced(self, plan: _Plan, fed: Tensor) -> Tensor:
        """Logits of all ticks at once, each after the true token before it, `[batch, 24, ids]`."""
        before = torch.cat([torch.full_like(fed[:, :1], PAD_ID), fed[:, :-1]], dim=1)
        sequences = plan.told.shape[1]
        tokens = self.token(before).view(len(fed) * sequences, TICKS // sequences, -1)
        told = plan.told.flatten(0, 1)[:, None].expand(-1, tokens.shape[1], -1)
        inputs = torch.cat([tokens, told.to(tokens.dtype)], dim=-1)
        states, _ = self.ticks(inputs, plan.states.flatten(1, 2).contiguous())
        logits: Tensor = self.output(states).view(len(fed), TICKS, -1)
        return logits

    def _unrolled(self, plan: _Plan) -> Tensor:
        """Logits tick by tick, each after the most probable token before it, `[batch, 24, ids]`."""
        told, logits = plan.told, []
        before = torch.full((len(told),), PAD_ID, device=told.device)
        for sequence in range(told.shape[1]):
            state = plan.states[:, :, sequence].contiguous()
            for _ in range(TICKS // told.shape[1]):
                token = self.token(before)
                inputs = torch.cat([token, told[:, sequence].to(token.dtype)], dim=-1)
                out, state = self.ticks(inputs[:, None], state)
                logits.append(self.output(out[:, 0]))
                before = _likeliest(logits[-1])
        return torch.stack(logits, dim=1)


def _likeliest(logits: Tensor) -> Tensor:
    """The most probable ids but PAD, `[..., ids]` -> `[...]`; what comes past the meter nobody reads."""
    return logits[..., PAD_ID + 1 :].argmax(dim=-1) + PAD_ID + 1
