"""Tokens: one integer a tick, one sequence a measure.

A measure is `[24]` int16: the MIDI pitch of a note that starts at the tick, or HOLD (what sounded,
or the silence, goes on), REST (silence starts) or PAD (past the meter). The sequence of a measure
is canonical, so equal music has equal tokens:

- the first tick is a pitch, REST (silence, whatever came before) or HOLD (a tie from before);
- later, REST stands only where a note sounds;
- in a quarter or eighth beat, events lie on its sixteenths or on its triplets, never on both.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from arvae_music.meter import (
    BEAT_KIND_OF,
    DUPLE_TICKS,
    MAX_BEATS,
    TICKS,
    TICKS_OF,
    TICKS_PER_BEAT,
    TRIPLE_TICKS,
    Beat,
)

PAD = -1
HOLD = -2
REST = -3

Tokens = npt.NDArray[np.int16]
Meters = npt.NDArray[np.integer]


def onsets(tokens: Tokens) -> npt.NDArray[np.bool_]:
    """Where a note starts, `[..., 24]`."""
    return tokens >= 0


def sounding_after(tokens: Tokens) -> npt.NDArray[np.bool_]:
    """Whether a note sounds once the tick's token is read, `[..., 24]`; PAD keeps the last state.

    A HOLD on the first tick is a tie, so a note sounds.
    """
    events = (tokens >= 0) | (tokens == REST)
    ticks = np.arange(TICKS)
    last = np.maximum.accumulate(np.where(events, ticks, -1), axis=-1)
    at_last = np.take_along_axis(tokens, np.maximum(last, 0), axis=-1)
    return np.asarray(np.where(last < 0, tokens[..., :1] == HOLD, at_last >= 0))


def is_legal(tokens: Tokens, meters: Meters) -> npt.NDArray[np.bool_]:
    """Whether each measure is a legal, canonical sequence.

    Args:
        tokens: `[batch, 24]`.
        meters: meter codes, `[batch]`.

    Returns:
        `[batch]` booleans.
    """
    own = np.arange(TICKS) < TICKS_OF[meters][:, None]
    known = (tokens >= REST) & (tokens <= 127)
    padding = ((tokens == PAD) == ~own) & known
    before = np.concatenate([np.ones_like(own[:, :1]), sounding_after(tokens)[:, :-1]], axis=1)
    rests = (tokens != REST) | before
    return np.asarray((padding & rests).all(axis=1) & _unmixed(tokens, meters))


def _unmixed(tokens: Tokens, meters: Meters) -> npt.NDArray[np.bool_]:
    """No quarter or eighth beat has events both on its sixteenths and on its triplets, `[batch]`."""
    events = ((tokens >= 0) | (tokens == REST)).reshape(len(tokens), MAX_BEATS, TICKS_PER_BEAT)
    duple = events[..., [tick for tick in DUPLE_TICKS if tick]].any(axis=-1)
    triple = events[..., [tick for tick in TRIPLE_TICKS if tick]].any(axis=-1)
    dotted = BEAT_KIND_OF[meters] == Beat.DOTTED
    return np.asarray(dotted | ~(duple & triple).any(axis=1))
