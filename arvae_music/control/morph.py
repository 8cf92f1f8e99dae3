"""The way from one tune to another through the latent space.

A tune on the way stands in the file of the nearer of the two, with its bars, its ties, its key and all else
that is not a note: A's up to the middle, B's from there. See `halfway` for how it is made.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from arvae_music.control.halfway import Half, Means
from arvae_music.control.morph_report import MorphReport, MorphStep
from arvae_music.control.pairing import Side, transposition
from arvae_music.errors import ArvaeError, UsageError
from arvae_music.files import check_free, usual_mode
from arvae_music.formats import format_of
from arvae_music.formats.losses import losses
from arvae_music.formats.tune import Notice, Tune

MOST_STEPS = 1000
"""Tunes of the longest way."""


@dataclass(frozen=True)
class Morph:
    """The tunes on the way from A to B, both among them, and what they are; a notebook plays them."""

    tunes: tuple[Tune, ...]
    report: MorphReport

    def write(
        self, folder: str | os.PathLike[str], suffix: str | None = None, force: bool = False
    ) -> MorphReport:
        """Write every tune, `01.mid` and so on, all or none; see `tune_files`.

        Returns:
            The report with the files, and with what each could not hold.

        Raises:
            UsageError: as `tune_files`.
            ArvaeError: a tune cannot be written, or the system refuses (rights, space).
        """
        names = tune_files(folder, self.tunes[0].path, len(self.tunes), suffix, force=force)
        try:
            _write_all(self.tunes, names)
        except OSError as error:
            raise ArvaeError(f"cannot write {folder}: {error.strerror}") from error
        steps = tuple(
            replace(step, output=str(name), notices=(*step.notices, *losses(tune, name)))
            for step, tune, name in zip(self.report.steps, self.tunes, names, strict=True)
        )
        return replace(self.report, steps=steps)

    def _repr_html_(self) -> str | None:
        """A player for each tune; None without pretty_midi."""
        from arvae_music.control.notebook import player

        count = len(self.tunes)
        players = [player(tune, f"{k} of {count}") for k, tune in enumerate(self.tunes, start=1)]
        found = [one for one in players if one is not None]
        return f"<div>{''.join(found)}</div>" if len(found) == count else None


def tune_files(
    folder: str | os.PathLike[str], a: Path, count: int, suffix: str | None = None, *, force: bool = False
) -> list[Path]:
    """The files of so many tunes in a folder, which is new or empty.

    Called before long work, too, so that it is not done in vain.

    Args:
        folder: where they are to be.
        a: the first tune's file, in whose format they are.
        count: how many.
        suffix: an extension that says another format, as `abc`.
        force: the folder may have files in it, which are written over where they have these names.

    Raises:
        UsageError: the folder is a file, has files in it, or cannot be made; or there is no such format.
    """
    folder = Path(folder)
    ending = a.suffix if suffix is None else f".{suffix.removeprefix('.')}"
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file: give the name of a folder")
    if folder.is_dir() and any(folder.iterdir()) and not force:
        raise UsageError(f"{folder} has files in it: give another name, or --force to write over them")
    digits = max(2, len(str(count)))
    names = [folder / f"{k:0{digits}}{ending}" for k in range(1, count + 1)]
    format_of(names[0])
    for path in names if folder.is_dir() else [folder]:
        check_free(path, force=force)
    return names


def _write_all(tunes: Sequence[Tune], names: Sequence[Path]) -> None:
    """Write every tune beside its place before the first is moved there."""
    folder = names[0].parent
    is_new = not folder.exists()
    home = folder.parent if is_new else folder
    draft = Path(tempfile.mkdtemp(dir=home, prefix=f".{folder.name[:32]}.", suffix=".part"))
    try:
        for tune, name in zip(tunes, names, strict=True):
            tune.write(draft / name.name)
        if is_new:
            draft.chmod(usual_mode(0o777))
            draft.rename(folder)
        else:
            for name in names:
                os.replace(draft / name.name, name)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def check_steps(steps: int) -> int:
    """The number of tunes, if there can be so many.

    Raises:
        UsageError: fewer than two, or more than anybody wants.
    """
    if not 2 <= steps <= MOST_STEPS:
        raise UsageError(f"{steps} steps: give 2 to {MOST_STEPS}; the first tune is A, and the last is B")
    return steps


def morph(means: Means, a: Tune, b: Tune, steps: int, strength: float) -> Morph:
    """The way from A to B; see `Model.morph`.

    Args:
        means: the model at work, with the weights of the strength.
        a: the first tune.
        b: the last one.
        steps: how many tunes.
        strength: for the report.
    """
    way = check_steps(steps) - 1
    first_side, last_side = Side("A", a, means.vocabulary), Side("B", b, means.vocabulary)
    moved = transposition(a.melody, b.melody)
    first = Half(means, first_side, last_side, moved)
    last = Half(means, last_side, first_side, -moved)
    _check(first)
    made = [*first.tunes(way // 2, way), *reversed(last.tunes((way - 1) // 2, way))]
    report = MorphReport(
        a=str(a.path),
        b=str(b.path),
        model=means.name,
        seed=means.seed,
        strength=strength,
        transposition=moved,
        steps=tuple(
            MorphStep(number, steps, None, one.stands_in, one.measures, one.notices)
            for number, one in enumerate(made, start=1)
        ),
        notices=tuple(_understood((first_side, last_side), moved)),
    )
    return Morph(tuple(one.tune for one in made), report)


def _check(half: Half) -> None:
    """Refuse tunes of which no two measures can be paired.

    Raises:
        ArvaeError: why, and what to do.
    """
    if any(half.why_not(i) is None for i in range(len(half.own.rows))):
        return
    for side in (half.own, half.other):
        unread = [row.reason or "unreadable" for row in side.rows if row.tokens is None]
        if len(unread) == len(side.rows):
            why = f"all its measures are skipped: {unread[0]}" if unread else "it has no measures"
            raise ArvaeError(f"{side.tune.path}: nothing to morph, {why}")
    a, b = (_meters(side) for side in (half.own, half.other))
    if not a & b:
        said = f"A is in {' and '.join(sorted(a))}, B in {' and '.join(sorted(b))}"
        raise ArvaeError(f"{half.own.tune.path} and {half.other.tune.path}: {said}: take tunes in one meter")
    reasons = [half.why_not(i) for i in half.own.whole]
    why = next((reason for reason in reasons if reason is not None), "A has no whole measure")
    raise ArvaeError(f"{half.own.tune.path} and {half.other.tune.path}: no two measures go together: {why}")


def _meters(side: Side) -> set[str]:
    """Meters of the measures that can be read; 2/2 is read as 4/4."""
    return {row.grid.name for row in side.rows if row.tokens is not None and row.grid is not None}


def _understood(sides: Sequence[Side], moved: int) -> Iterator[Notice]:
    """How the two files were read, and what is transposed."""
    for side in sides:
        for notice in side.tune.notices:
            yield replace(notice, text=f"{side.name}: {notice.text}")
    if moved:
        way, back = ("up", "down") if moved > 0 else ("down", "up")
        yield Notice(
            "transposition",
            f"up to the middle the tunes are in A's key, to which B is moved {abs(moved)} semitones {way}; "
            f"from there in B's, to which A is moved as far {back}",
        )
