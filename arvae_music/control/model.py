"""A trained model as a musician and a program use it."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

from arvae_music.control.constraint import Constraint
from arvae_music.control.edit import Edit, Editor
from arvae_music.control.order import LockedTicks, Order, read_holds, read_lock
from arvae_music.control.plan import fits, shifted
from arvae_music.control.readable import readable
from arvae_music.control.request import Change, Request, read_requests
from arvae_music.control.score import Scores
from arvae_music.control.search import search
from arvae_music.control.weights import USUAL_STRENGTH, ScoreWeights
from arvae_music.errors import ArvaeError, UsageError
from arvae_music.formats.tune import Tune
from arvae_music.measures import measures
from arvae_music.melody import fewest_octaves
from arvae_music.model import Vocabulary
from arvae_music.tokens import Tokens
from arvae_music.training.checkpoint import Checkpoint, load_checkpoint

if TYPE_CHECKING:  # an edit starts sooner without them
    from arvae_music.control.generate import Generation
    from arvae_music.control.morph import Morph


@dataclass(frozen=True)
class Latents:
    """The latent vectors of a tune's measures.

    Attributes:
        z: means of the posterior, `[measures, latent]`; the first dimensions are the attributes'.
        meters: meter code of each measure, `[measures]`.
        rows: the place of each in `arvae_music.measures.measures(tune.melody)`, `[measures]`.
        shift: semitones by which the tune was moved into the model's range.
    """

    z: npt.NDArray[np.float32]
    meters: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    shift: int


@dataclass(frozen=True)
class Reconstruction:
    """A tune that went through the model and back.

    Attributes:
        tune: the tune with every measure that the model can read replaced.
        ticks: share of their ticks that came back.
        measures: share of them that came back whole.
        count: how many measures went through.
        skipped: how many did not.
    """

    tune: Tune
    ticks: float
    measures: float
    count: int
    skipped: int


@dataclass(frozen=True)
class Model:
    """A checkpoint, ready for use on the CPU.

    Attributes:
        name: how it was asked for.
        checkpoint: weights, settings, calibration, card.
        weights: of the parts of an edit's score.
        beam: hypotheses of the search for each measure.
    """

    name: str
    checkpoint: Checkpoint
    weights: ScoreWeights = field(default_factory=ScoreWeights)
    beam: int = 24

    @property
    def vocabulary(self) -> Vocabulary:
        """The model's pitches."""
        return self.checkpoint.vocabulary

    def edit(
        self,
        tune: Tune,
        *requests: Request,
        hold: str | Iterable[str] = (),
        lock: str | None = None,
        locked: LockedTicks | None = None,
        measures: Collection[int] | None = None,
        chromatic: bool = False,
        strict: bool = False,
        seed: int = 0,
        strength: float = USUAL_STRENGTH,
        **changes: Change | str,
    ) -> Edit:
        """Change attributes of a tune's measures.

        `model.edit(tune, density="+2", hold="range", lock="pitch")` puts two notes into every measure
        between those that it has, within the range that it has.

        Args:
            tune: what `read` gave.
            requests: changes as objects; or by keyword, as `density="+2"`, `contour=to(-3)`.
            hold: attributes that keep their value in every measure; where they cannot, they count like
                what is asked for.
            lock: `"rhythm"`: notes and rests stay where they are, only pitches change. `"pitch"`: of
                the pitches of a measure and those of its edit the fewer are a subsequence of the more.
            locked: ticks that keep their tokens: a mapping from measure numbers to ticks (0 to 23), or
                booleans `[measures, 24]`, a row for each of `arvae_music.measures.measures(tune.melody)`.
                Not with `lock="pitch"`.
            measures: numbers of the measures to edit; all, if not given.
            chromatic: allow pitches outside the tune's own from the start.
            strict: refuse an edit in which a measure cannot be exact.
            seed: noted in the report; the search itself has nothing random.
            strength: from 0, as near to the source as possible, to 1, free to leave it for better style.
            changes: change by attribute name, long or short.

        Returns:
            The edited tune and its report, measured on the result.

        Raises:
            UsageError: an unknown attribute, lock, measure or tick, a bad change or strength.
            ArvaeError: with `strict`, a measure cannot be exact.
        """
        _check_tune(tune)
        asked = read_requests(changes.items(), requests)
        holds, kept = read_holds(hold, asked), read_lock(lock)
        order = Order(asked, holds, kept, locked, measures, chromatic, strict, seed, strength)
        return self._editor.edit(tune, order)

    def steps(
        self,
        tune: Tune,
        number: int,
        *requests: Request,
        hold: str | Iterable[str] = (),
        lock: str | None = None,
        locked: LockedTicks | None = None,
        measures: Collection[int] | None = None,
        chromatic: bool = False,
        strict: bool = False,
        seed: int = 0,
        strength: float = USUAL_STRENGTH,
        **changes: Change | str,
    ) -> list[Edit]:
        """The way from a tune to its edit: `model.steps(tune, 4, density="+4")` is +1, +2, +3 and +4.

        Step k of 1 to `number` asks for k/`number` of each measure's change, rounded for attributes that are
        whole numbers; the last asks for all of it. What is asked for goes one way in every measure, from
        the measure's own value on (complexity up to its tolerance, where the steps are smaller than that).

        Args:
            tune: what `read` gave.
            number: how many steps.
            *requests: as for `edit`, and so are all others.
            hold: attributes that keep their value.
            lock: `"rhythm"` or `"pitch"`.
            locked: ticks that keep their tokens.
            measures: numbers of the measures to edit.
            chromatic: allow pitches outside the tune's own.
            strict: refuse steps in which a measure cannot be exact.
            seed: noted in the reports.
            strength: from 0, near, to 1, free.
            **changes: change by attribute name.

        Returns:
            An edit of the tune for each step.

        Raises:
            UsageError: as for `edit`, or fewer than one step.
            ArvaeError: with `strict`, a measure of a step cannot be exact.
        """
        _check_tune(tune)
        asked = read_requests(changes.items(), requests)
        holds, kept = read_holds(hold, asked), read_lock(lock)
        order = Order(asked, holds, kept, locked, measures, chromatic, strict, seed, strength)
        return self._editor.steps(tune, order, number)

    @property
    def _editor(self) -> Editor:
        return Editor(self.checkpoint, self.name, self.weights, self.beam)

    def generate(
        self,
        *requests: Request,
        measures: int,
        meter: str = "4/4",
        key: str = "D",
        seed: int = 0,
        **changes: Change | str,
    ) -> Generation:
        """A new tune.

        Args:
            requests: values that every measure shall have, as objects; or by keyword, as `density="6"`.
            measures: how many.
            meter: `6/8`, `C` and the like.
            key: `D`, `Em`, `Edor` and the like.
            seed: the same one gives the same tune.
            changes: value by attribute name, long or short.

        Returns:
            The tune and its report, measured on what was written down.

        Raises:
            UsageError: an unknown attribute, meter or key, or a change where there is nothing to change.
            ArvaeError: the model has no prior, or was not trained on the meter.
        """
        from arvae_music.control.generate import generate, parse_wish

        asked = read_requests(changes.items(), requests) if requests or changes else ()
        wish = parse_wish(measures, meter, key, asked)
        return generate(self.checkpoint, self.name, wish, seed, beam=self.beam)

    def morph(
        self, a: Tune, b: Tune, steps: int = 8, *, strength: float = USUAL_STRENGTH, seed: int = 0
    ) -> Morph:
        """The way from a tune to another: `steps` tunes, of which the first is A and the last is B.

        Measures are paired in order (see `pairing.partners`). One between two has the latent vector between
        theirs, and each attribute's value between theirs (whole numbers rounded), going one way from tune to
        tune; where no measure has these values, the nearest. Up to the middle the tunes stand in A's file,
        with its bars, ties, key and all that is not a note, from there in B's. A measure that cannot be
        read, or that is paired with one in another meter or unreadable, is as it is there.

        Args:
            a: what `read` gave.
            b: the same.
            steps: how many tunes, at least two.
            strength: from 0, as near to the two tunes as possible, to 1, free to leave them for better style.
            seed: draws the order in which the beats of a measure change.

        Raises:
            UsageError: fewer steps than two, or a bad strength.
            ArvaeError: no two measures can be paired, as the tunes are in different meters.
        """
        from arvae_music.control.halfway import Means
        from arvae_music.control.morph import morph

        _check_tune(a)
        _check_tune(b)
        weights = self.weights.with_strength(strength)
        return morph(Means(self.checkpoint, self.name, weights, self.beam, seed), a, b, steps, strength)

    def encode(self, tune: Tune) -> Latents:
        """The latent vectors of every measure that the model can read.

        Raises:
            ArvaeError: it can read none.
        """
        _check_tune(tune)
        vocabulary = self.vocabulary
        shift = fewest_octaves(
            [note.pitch for note in tune.melody.notes], vocabulary.lowest, vocabulary.highest
        )
        rows, tokens, codes = [], [], []
        for i, row in enumerate(measures(tune.melody)):
            if row.tokens is None or row.grid is None:
                continue
            if fits(row, shift, vocabulary) and row.grid.name in self.checkpoint.calibration.lines:
                rows.append(i)
                tokens.append(shifted(row.tokens, shift))
                codes.append(row.grid.code)
        if not rows:
            raise ArvaeError(f"{tune.path}: no measure that the model {self.name} can read")
        ids = torch.from_numpy(vocabulary.ids(np.stack(tokens)))
        meters = np.array(codes, np.int64)
        with torch.inference_mode():
            z = self.checkpoint.vae.encoder(ids, torch.from_numpy(meters)).mean
        return Latents(z.numpy(), meters, np.array(rows), shift)

    def decode(self, latents: Latents) -> Tokens:
        """The most probable legal tokens, `[measures, 24]`, put back by the latents' shift."""
        return self._decode(latents, [Constraint(int(code), self._any_pitch) for code in latents.meters])

    @property
    def _any_pitch(self) -> bytes:
        return bytes([1] * (self.vocabulary.span + 1))

    def _decode(self, latents: Latents, constraints: Sequence[Constraint]) -> Tokens:
        with torch.inference_mode():
            z, codes = torch.from_numpy(latents.z), torch.from_numpy(latents.meters)
            scores = Scores(self.checkpoint.vae.decode(z, codes))
        best = search(constraints, scores, None, beam=self.beam)
        return shifted(self.vocabulary.tokens(best), -latents.shift)

    def reconstruct(self, tune: Tune) -> Reconstruction:
        """Encode and decode a tune.

        Ties stay as they are. Raises ArvaeError where the model can read no measure.
        """
        latents = self.encode(tune)
        rows = measures(tune.melody)
        low, shift = self.vocabulary.lowest, latents.shift
        constraints = []
        for i, code in zip(latents.rows, latents.meters, strict=True):
            ties = [None if t is None else t + shift - low for t in (rows[i].tie_in, rows[i].tie_out)]
            constraints.append(
                Constraint(
                    int(code), self._any_pitch, tie_in=ties[0], tie_out=ties[1], join_tick=rows[i].join_tick
                )
            )
        found = self._decode(latents, constraints)
        edits = {int(i): tokens for i, tokens in zip(latents.rows, found, strict=True)}
        same = [(edits[int(i)] == rows[i].tokens, rows[i].grid) for i in latents.rows]
        own = [row[: grid.ticks] for row, grid in same if grid is not None]
        return Reconstruction(
            readable(tune, rows, edits).tune,
            ticks=float(np.concatenate(own).mean()),
            measures=float(np.mean([row.all() for row in own])),
            count=len(own),
            skipped=len(rows) - len(own),
        )


def _check_tune(tune: object) -> None:
    """Refuse what is no tune, a file's name for instance."""
    if not isinstance(tune, Tune):
        raise UsageError(f"{tune!r} is not a tune: give what arvae_music.read(FILE) gave")


def bundled() -> list[str]:
    """Names of the models that come with the package."""
    folder = resources.files("arvae_music") / "pretrained"
    if not folder.is_dir():
        return []
    return sorted(Path(entry.name).stem for entry in folder.iterdir() if entry.name.endswith(".safetensors"))


def load_model(name: str | os.PathLike[str] = "folk") -> Model:
    """A bundled model by name, or one of your own: a checkpoint file or the folder of a run.

    Raises:
        ArvaeError: there is none, or it is not a usable checkpoint.
    """
    path = Path(name)
    if path.is_dir():
        from arvae_music.training.folder import BEST, STATE

        if not (path / BEST).is_file() and (path / STATE).is_file():
            raise ArvaeError(f"{path}: this run has no model yet: go on with it by train --resume")
        if not (path / BEST).is_file():
            raise ArvaeError(f"{path}: no {BEST} in this folder: is it the folder of a training run?")
        return Model(str(name), load_checkpoint(path / BEST))
    if path.is_file():
        return Model(str(name), load_checkpoint(path))
    if str(name) not in bundled():
        known = ", ".join(bundled()) or "none"
        raise ArvaeError(
            f"there is no model '{name}': take a bundled one ({known}), a checkpoint file or a run's folder"
        )
    packaged = resources.files("arvae_music") / "pretrained" / f"{name}.safetensors"
    with resources.as_file(packaged) as file:
        return Model(str(name), load_checkpoint(file))
