"""`arvae-music evaluate MODEL`: what a model gives back, and whether its edits can be trusted."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from arvae_music.cli import options, show
from arvae_music.cli.control import Draw, measure, show_control
from arvae_music.cli.whole_tunes import compare

from arvae_music.errors import UsageError

if TYPE_CHECKING:
    from rich.table import Table

    from arvae_music.control.model import Model
    from arvae_music.evaluation import ReconstructionScores


def evaluate(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="folk, bach, a checkpoint file or a run's folder.")
    ] = "folk",
    corpus: Annotated[
        list[str] | None,
        typer.Option(
            "--corpus",
            metavar="CORPUS",
            help="folk, bach, or a file or folder; may be given again.",
            show_default="the model's own",
        ),
    ] = None,
    split: Annotated[
        str, typer.Option("--split", metavar="NAME", help="train, validation or test.")
    ] = "test",
    control: Annotated[
        bool,
        typer.Option(
            "--control",
            help="Measure edits, too. Trains two event language models first (minutes; kept in the cache).",
        ),
    ] = False,
    frontier: Annotated[
        bool,
        typer.Option(
            "--frontier", help="With --control: closeness against style at a row of strengths, too."
        ),
    ] = False,
    generation: Annotated[
        bool,
        typer.Option(
            "--generation",
            help="Generate tunes of 16 measures, and compare them with real ones. Trains as --control does.",
        ),
    ] = False,
    tunes: Annotated[
        int, typer.Option("--tunes", metavar="N", min=1, help="With --generation: tunes of each meter.")
    ] = 100,
    measures: Annotated[
        int, typer.Option("--measures", metavar="N", min=1, help="With --control: measures of each meter.")
    ] = 500,
    meters: Annotated[
        str | None,
        typer.Option(
            "--meters",
            metavar="LIST",
            help="With --control and --generation: the meters.",
            show_default="the model's own",
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", min=0, help="With --control and --generation.")
    ] = 0,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot",
            metavar="FILE",
            help="With --control: draw closeness against style to this file (.png, .svg, .pdf).",
            show_default=False,
        ),
    ] = None,
    record: Annotated[
        bool, typer.Option("--record", help="Write the figures into the checkpoint file, too.")
    ] = False,
    json: options.Json = None,
    force: options.Force = False,
) -> None:
    """Measure a model on held-out tunes: reconstruction, with --control its edits, with --generation its own.

    Example: arvae-music evaluate folk --split test
    """
    options.check_json(json, force=force)
    _check_split(split)
    _check_control(control=control, frontier=frontier, plot=plot, force=force)
    from arvae_music.cli.data import load

    from arvae_music.control import load_model
    from arvae_music.control.generate import check_prior
    from arvae_music.training.evaluate import reconstruction_by_meter

    if record and not Path(model).is_file():
        raise UsageError(f"--record needs a checkpoint file to write to, and {model} is none")
    chosen = load_model(model)
    if generation:
        check_prior(chosen.checkpoint, model)
    names = meter_names(meters, list(chosen.checkpoint.calibration.lines))
    quiet = options.is_stdout(json)
    read = load(corpus or [_own_corpus(chosen)], quiet=quiet)
    scores = reconstruction_by_meter(chosen.checkpoint, read, split)
    title = f"{model} on the {split} split of {read.name}"
    result: dict[str, Any] = {
        "model": model,
        "corpus": read.name,
        "split": split,
        "mean": {meter: {"count": n, **s._asdict()} for meter, (n, s) in scores.items()},
    }
    if not quiet:
        show.show(_reconstruction(title, scores))
    if control:
        found = measure(chosen, read, Draw(split, names, measures, seed), frontier=frontier, quiet=quiet)
        result["control"] = dataclasses.asdict(found)
        if not quiet:
            show_control(title, found)
        if plot is not None:
            from arvae_music.control.chart import draw_chart

            draw_chart(found.requests, found.frontier, plot, force=force)
    if generation:
        rows = compare(chosen, read, split, names, tunes, seed, quiet=quiet)
        result["generation"] = [row.as_json() for row in rows]
    if record:
        _record(Path(model), chosen, split, result["mean"])
    options.write_json(json, result, force=force)


def _check_control(*, control: bool, frontier: bool, plot: Path | None, force: bool) -> None:
    """Refuse options that need `--control` without it, and a picture that cannot be written.

    Raises:
        UsageError: what was given is missing its `--control`, or a picture has a wrong name or is there.
    """
    for name, given in (("--frontier", frontier), ("--plot", plot is not None)):
        if given and not control:
            raise UsageError(f"{name} is about edits: give --control, too")
    if plot is not None:
        from arvae_music.control.picture import check_picture

        check_picture(plot, force=force)


def _record(path: Path, model: Model, split: str, figures: dict[str, Any]) -> None:
    """Write the checkpoint anew with the figures of a split in its card."""
    from arvae_music.training.checkpoint import save_checkpoint

    checkpoint = model.checkpoint
    known = checkpoint.card.get("evaluation", {})
    card = {**checkpoint.card, "evaluation": {**known, split: figures}}
    save_checkpoint(path, dataclasses.replace(checkpoint, card=card))


def _check_split(name: str) -> None:
    from arvae_music.data import SPLITS

    if name not in SPLITS:
        raise UsageError(f"--split is '{name}': take one of {', '.join(SPLITS)}")


def meter_names(text: str | None, known: list[str]) -> list[str]:
    """The meters that `4/4,6/8` names, each once; without a text all that the model knows.

    Raises:
        UsageError: the model does not know one of them.
    """
    if text is None:
        return known
    names = list(dict.fromkeys(name.strip() for name in text.split(",")))
    for name in names:
        if name not in known:
            raise UsageError(
                f"--meters {text}: '{name}' is not one of {', '.join(known)}, which the model knows"
            )
    return names


def _own_corpus(model: Model) -> str:
    """The corpus that a model was trained on, if it is one of those that have a name.

    Raises:
        UsageError: it was trained on files of somebody's own.
    """
    from arvae_music.data import corpora

    card = model.checkpoint.card.get("corpus", {})
    name = str(card.get("name", "folk"))
    if name not in {card.name for card in corpora()}:
        raise UsageError(
            f"{model.name} was trained on files ({card.get('title', name)}): name them with --corpus"
        )
    return name


def _reconstruction(title: str, scores: dict[str, tuple[int, ReconstructionScores]]) -> Table:
    table = show.new_table(
        f"{title}: what comes back from the mean of z",
        ["meter", "measures", "ticks", "whole measures", "onset F1"],
    )
    for meter, (count, score) in scores.items():
        table.add_row(
            meter, f"{count:,}", f"{score.ticks:.2%}", f"{score.measures:.2%}", f"{score.onset_f1:.4f}"
        )
    return table
