"""The edit of a tune: plan, search, put back, and measure afresh."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch

from arvae_music.attributes import named_values
from arvae_music.control.batches import batches, event_scorer
from arvae_music.control.constraint import Constraint
from arvae_music.control.context import Context, Leaps, context_of, pitches_before
from arvae_music.control.order import Order, read_ticks
from arvae_music.control.plan import Planned, Planner, own_pitches, shifted
from arvae_music.control.readable import readable
from arvae_music.control.report import MeasureReport, Report
from arvae_music.control.request import WHOLE, Step
from arvae_music.control.score import tick_scores
from arvae_music.control.search import search
from arvae_music.control.stay import PRICED, Stay
from arvae_music.control.weights import ScoreWeights
from arvae_music.errors import ArvaeError, UsageError
from arvae_music.formats.tune import Notice, Tune
from arvae_music.measures import Measure, measures
from arvae_music.melody import fewest_octaves, pitch_name
from arvae_music.meter import GRIDS
from arvae_music.model import Vocabulary
from arvae_music.tokens import Tokens
from arvae_music.training.checkpoint import Checkpoint


@dataclass(frozen=True)
class Job:
    """One measure to search for, standing for all that are the same."""

    tokens: Tokens
    constraint: Constraint
    targets: dict[str, float]
    values: dict[str, float]
    context: Context


def job_of(plan: Planned, context: Context) -> Job:
    """The job of a plan that has a constraint."""
    assert plan.tokens is not None and plan.constraint is not None  # noqa: S101, PT018 - the caller's
    return Job(plan.tokens, plan.constraint, dict(plan.targets), dict(plan.values), context)


def search_jobs(
    checkpoint: Checkpoint, jobs: Sequence[Job], weights: ScoreWeights, *, beam: int
) -> list[Tokens]:
    """The best tokens found for each job, `[24]` each, in the model's range of pitches."""
    found: list[Tokens] = []
    for some in batches(jobs, beam):
        found += _search_batch(checkpoint, some, weights, beam)
    return found


def _search_batch(
    checkpoint: Checkpoint, jobs: Sequence[Job], weights: ScoreWeights, beam: int
) -> list[Tokens]:
    vocabulary = checkpoint.vocabulary
    codes = np.array([job.constraint.code for job in jobs])
    ids = torch.from_numpy(vocabulary.ids(np.stack([job.tokens for job in jobs])))
    with torch.inference_mode():
        meters = torch.from_numpy(codes)
        z = checkpoint.vae.encoder(ids, meters).mean + torch.from_numpy(latent_moves(checkpoint, jobs))
        decoded = checkpoint.vae.decode(z, meters)
    scorer = event_scorer(checkpoint, jobs, weights.events) if weights.events else None
    scores = tick_scores(decoded, ids, weights)
    stay = None
    if weights.stay:
        prices = _prices(checkpoint, jobs) * weights.stay
        stay = Stay(ids, codes, prices, [job.targets for job in jobs], pitches=vocabulary.span + 1)
    best = search([job.constraint for job in jobs], scores, scorer, stay=stay, beam=beam)
    return list(vocabulary.tokens(best))


def _prices(checkpoint: Checkpoint, jobs: Sequence[Job]) -> npt.NDArray[np.float64]:
    """Standard deviations in each attribute's unit, `[jobs, attributes]`."""
    lines = checkpoint.calibration.lines
    of = {
        code: [1 / (lines[GRIDS[code].name][name].std or 1.0) for name in PRICED]
        for code in {job.constraint.code for job in jobs}
    }
    return np.array([of[job.constraint.code] for job in jobs])


def latent_moves(checkpoint: Checkpoint, jobs: Sequence[Job]) -> npt.NDArray[np.float32]:
    """How far each job's targets move z, `[jobs, latent]`."""
    moves = np.zeros((len(jobs), checkpoint.settings.latent), np.float32)
    for i, job in enumerate(jobs):
        lines = checkpoint.calibration.lines[GRIDS[job.constraint.code].name]
        for dimension, name in enumerate(checkpoint.settings.attributes):
            if name in job.targets:
                ends = np.array([job.values[name], job.targets[name]])
                here, there = lines[name].place(ends)
                moves[i, dimension] = there - here
    return moves


@dataclass(frozen=True)
class Edit:
    """An edited tune and the proof of what was done; a notebook shows its picture and plays it.

    Attributes:
        tune: the edited tune.
        report: what was done, measured on it.
        source: the tune before the edit.
    """

    tune: Tune
    report: Report
    source: Tune

    def _repr_png_(self) -> tuple[bytes, dict[str, int]] | None:
        """The picture and its width on the page, or None without matplotlib."""
        from arvae_music.control.picture import for_notebook

        return for_notebook(self)

    def _repr_html_(self) -> str | None:
        """The picture, and players before and after; None without matplotlib or pretty_midi."""
        from arvae_music.control.notebook import edit_html

        return edit_html(self)


@dataclass(frozen=True)
class Editor:
    """Edits tunes with a model.

    Attributes:
        checkpoint: the model.
        name: the model's name, for reports.
        weights: of the score, at the usual strength.
        beam: hypotheses of the search for each measure.
    """

    checkpoint: Checkpoint
    name: str
    weights: ScoreWeights
    beam: int

    def steps(self, tune: Tune, order: Order, number: int) -> list[Edit]:
        """Edits that ask for more and more of the change; see `Model.steps`."""
        if number < 1:
            raise UsageError(f"{number} steps: give at least 1")
        edits: list[Edit] = []
        for k in range(1, number + 1):
            before = edits[-1].report.measures if edits else ()
            edits.append(self.edit(tune, order, Step(k, number), before))
        return edits

    def edit(
        self, tune: Tune, order: Order, step: Step | None = None, before: Sequence[MeasureReport] = ()
    ) -> Edit:
        """Edit a tune; see `Model.edit`.

        Args:
            tune: what is edited.
            order: what is asked for.
            step: which part of it, or None for all.
            before: the measures after the step before; none for the first.
        """
        rows = measures(tune.melody)
        vocabulary = self.checkpoint.vocabulary
        pitches = [note.pitch for note in tune.melody.notes]
        shift = fewest_octaves(pitches, vocabulary.lowest, vocabulary.highest)
        own = bytes([1] * (vocabulary.span + 1)) if order.chromatic else own_pitches(pitches, vocabulary)
        plans = self._plans(rows, order, step or WHOLE, before, shift=shift, own=own)
        nearest = [plan for plan in plans if plan.missed is not None]
        if order.strict and nearest:
            places = ", ".join(str(plan.row.index) for plan in nearest)
            at = "" if step is None else f" of step {step.number}"
            raise ArvaeError(f"{tune.path}: cannot be exact in measures {places}{at}: {nearest[0].missed}")
        found = self._edited(plans, self.weights.with_strength(order.strength))
        result, kept, refused = readable(tune, rows, {i: shifted(new, -shift) for i, new in found.items()})
        plans = [replace(plan, skipped=refused.get(i, plan.skipped)) for i, plan in enumerate(plans)]
        edited = {i: found[i] for i in kept}
        notices = (*result.notices, *_notices(plans, edited, shift, vocabulary, own))
        return Edit(
            result,
            Report(
                source=str(tune.path),
                output=None,
                model=self.name,
                seed=order.seed,
                requests=order.requests,
                measures=_measured(plans, measures(result.melody)),
                notices=notices,
                holds=tuple(attribute.name for attribute in order.holds),
                lock=order.lock,
                step=step,
                strength=order.strength,
            ),
            source=tune,
        )

    def _plans(
        self,
        rows: Sequence[Measure],
        order: Order,
        step: Step,
        before: Sequence[MeasureReport],
        *,
        shift: int,
        own: bytes,
    ) -> list[Planned]:
        """What is to become of each measure."""
        selection = order.selection
        _check_selection(rows, selection)
        ticks = read_ticks(order.locked, rows)
        planner = Planner(
            order.requests,
            self.checkpoint.calibration,
            self.checkpoint.vocabulary,
            own,
            self.name,
            holds=order.holds,
            lock=order.lock,
            step=step,
        )
        return [
            planner.plan(
                row,
                shift,
                selected=selection is None or _is_selected(row, selection),
                ticks=ticks.get(i, frozenset()),
                before=before[i].after if before else None,
            )
            for i, row in enumerate(rows)
        ]

    def _edited(self, plans: Sequence[Planned], weights: ScoreWeights) -> dict[int, Tokens]:
        """New tokens by row; measures with the same tokens and ties get the same ones."""
        alike: dict[tuple[bytes, Constraint], list[int]] = {}
        for i, plan in enumerate(plans):
            if plan.constraint is not None and plan.tokens is not None and not plan.is_left:
                alike.setdefault((plan.tokens.tobytes(), plan.constraint), []).append(i)
        leaps = Leaps(self.checkpoint.events, self.checkpoint.vocabulary)
        before = pitches_before(plans)
        jobs = []
        for members in alike.values():
            after = [plans[i + 1] if i + 1 < len(plans) else None for i in members]
            context = context_of(leaps, [before[i] for i in members], after)
            jobs.append(job_of(plans[members[0]], context))
        found = search_jobs(self.checkpoint, jobs, weights, beam=self.beam)
        return {i: tokens for members, tokens in zip(alike.values(), found, strict=True) for i in members}


def _is_selected(row: Measure, selection: Collection[int]) -> bool:
    return row.index in selection or row.joined in selection


def _check_selection(rows: Sequence[Measure], selection: Collection[int] | None) -> None:
    if selection is None:
        return
    known = {number for row in rows for number in (row.index, row.joined) if number is not None}
    unknown = sorted(set(selection) - known)
    if unknown:
        raise UsageError(
            f"there is no measure {unknown[0]}: the tune has measures {min(known)} to {max(known)}"
            if known
            else "the tune has no measures"
        )


def _notices(
    plans: Sequence[Planned],
    edited: dict[int, Tokens],
    shift: int,
    vocabulary: Vocabulary,
    own: bytes,
) -> list[Notice]:
    notices = []
    if shift:
        octaves = abs(shift) // 12
        way = "up" if shift > 0 else "down"
        plural = "s" if octaves > 1 else ""
        notices.append(
            Notice("octave", f"worked on {octaves} octave{plural} {way}, in the model's range, and put back")
        )
    for i, tokens in edited.items():
        used = {int(pitch) for pitch in tokens[tokens >= 0]}
        before = plans[i].tokens
        had = set() if before is None else {int(pitch) for pitch in before[before >= 0]}
        strange = sorted(p for p in used - had if not own[p - vocabulary.lowest])
        if strange:
            said = ", ".join(pitch_name(pitch - shift) for pitch in strange)
            text = f"{said} from outside the tune's own pitches: the request needs it"
            notices.append(Notice("chromatic", text, plans[i].row.index))
    for plan in plans:
        if plan.missed is not None and plan.skipped is None:
            notices.append(Notice("nearest", plan.missed, plan.row.index))
    return notices


def _measured(plans: Sequence[Planned], after: Sequence[Measure]) -> tuple[MeasureReport, ...]:
    """Reports of measures by what the edited melody says, not by what was meant."""
    return tuple(_report(plan, row) for plan, row in zip(plans, after, strict=True))


def _report(plan: Planned, after: Measure) -> MeasureReport:
    row = plan.row
    grid = row.grid
    if plan.skipped is not None or row.tokens is None or grid is None or after.tokens is None:
        reason = plan.skipped or after.reason
        return MeasureReport(row.index, row.joined, row.meter, "skipped", reason, {}, {}, {}, 0, 0)
    measured = named_values(after.tokens, grid.code)
    changed = int((after.tokens != row.tokens).sum())
    status, reason = plan.outcome(measured)
    return MeasureReport(
        index=row.index,
        joined=row.joined,
        meter=row.meter,
        status=status,
        reason=reason,
        before=plan.values,
        requested=plan.requested,
        after=measured,
        ticks_changed=changed,
        ticks=grid.ticks,
    )
