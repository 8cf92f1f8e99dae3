"""Generated tunes beside real ones that the model has not seen, by the figures of whole tunes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from arvae_music.control.generate import Wish, compose
from arvae_music.control.model import Model
from arvae_music.data import Corpus
from arvae_music.evaluation.generation import GenerationScores, generation_scores
from arvae_music.meter import GRID_BY_NAME, Meter
from arvae_music.model import EventModel, nats_and_notes
from arvae_music.model.prior import PRIOR_MODES
from arvae_music.tokens import Tokens
from arvae_music.tonality import tonality_of
from arvae_music.training.tunes import HOME, Tunes, spans, tunes_of


@dataclass(frozen=True)
class Compared:
    """Figures of one meter's real tunes, and of generated ones."""

    meter: str
    real: GenerationScores
    generated: GenerationScores

    def as_json(self) -> dict[str, Any]:
        """As in the command's `--json`."""
        return {"meter": self.meter, "real": self.real._asdict(), "generated": self.generated._asdict()}


def compare_tunes(
    model: Model,
    corpus: Corpus,
    judge: EventModel,
    *,
    split: str,
    meters: Sequence[str],
    tunes: int = 100,
    measures: int = 16,
    seed: int = 0,
    tell: Callable[[Compared], None] = lambda row: None,
) -> list[Compared]:
    """Generate tunes of each meter, and count what they and the real ones are like.

    All are on one tonic. The real tunes are held at their last tonic, as those are that the prior learns
    from: what follows it is the pickup of the next time through.

    Args:
        model: with a prior.
        corpus: with the real tunes.
        judge: the event language model that says how natural both are.
        split: of the corpus.
        meters: names of meters; one without real tunes is left out.
        tunes: how many to generate for each; their modes are those of the real ones in turn.
        measures: of each generated tune.
        seed: of the first; the others have those after it.
        tell: is told of each meter as it is done.

    Raises:
        ArvaeError: the model has no prior.
    """
    held_out = tunes_of(corpus.select(split))
    rows = []
    for name in meters:
        real = _in_meter(held_out, GRID_BY_NAME[name].code)
        if not len(real.tokens):
            continue
        modes = [int(real.modes[start]) for start, _ in spans(real.tune)]
        made = [
            _composed(model, name, modes[number % len(modes)], measures, seed + number)
            for number in range(tunes)
        ]
        generated = Tunes(
            np.concatenate(made),
            np.full(tunes * measures, GRID_BY_NAME[name].code),
            np.repeat(np.arange(tunes), measures),
            np.repeat([modes[number % len(modes)] for number in range(tunes)], measures),
            real.register,
        )
        rows.append(Compared(name, scores_of(real, judge), scores_of(generated, judge)))
        tell(rows[-1])
    return rows


def _in_meter(tunes: Tunes, code: int) -> Tunes:
    here = tunes.meters == code
    return Tunes(tunes.tokens[here], tunes.meters[here], tunes.tune[here], tunes.modes[here], tunes.register)


def _composed(model: Model, meter: str, mode: int, measures: int, seed: int) -> Tokens:
    wish = Wish(measures, Meter.parse(meter), tonality_of(HOME, PRIOR_MODES[mode]), ())
    return compose(model.checkpoint, model.name, wish, seed, beam=model.beam).tokens


def scores_of(tunes: Tunes, judge: EventModel) -> GenerationScores:
    """The figures of tunes on the tonic HOME."""
    scales = np.array([tonality_of(HOME, mode).scale for mode in PRIOR_MODES])
    nats, _ = nats_and_notes(judge, tunes.tokens, tunes.meters, _previous(tunes))
    return generation_scores(tunes.tokens, tunes.tune, scales[tunes.modes], nats)


def _previous(tunes: Tunes) -> npt.NDArray[np.int64]:
    """The pitch that started last in the tune before each measure, -1 for none, `[rows]`."""
    out = np.full(len(tunes.tokens), -1, np.int64)
    for start, stop in spans(tunes.tune):
        before = -1
        for row in range(start, stop):
            out[row] = before
            notes = tunes.tokens[row][tunes.tokens[row] >= 0]
            before = int(notes[-1]) if len(notes) else before
    return out
