"""`arvae-music evaluate MODEL`: reconstruction, metrics of the latent space, edits, and tunes of its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from arvae_music.cli import options, show
from arvae_music.cli.control import Draw, measure, show_control
from arvae_music.cli.metrics import reconstruction_of, reports_on, show_reports
from arvae_music.cli.pictures import Pictures, PlotDimensions, PlotSurface, PlotTraversal
from arvae_music.cli.whole_tunes import compare

from arvae_music.errors import UsageError

if TYPE_CHECKING:
    from arvae_music.control.model import Model


def evaluate(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="MODEL",
            help="folk, bach, a checkpoint file or a run's folder; of several, mean and deviation are given.",
            show_default="folk",
        ),
    ] = None,
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
            help="With --control, --generation and pictures: the meters.",
            show_default="the model's own",
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Of all that is drawn.")] = 0,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot",
            metavar="FILE",
            help="With --control: draw closeness against style to this file (.png, .svg, .pdf).",
            show_default=False,
        ),
    ] = None,
    plot_dimensions: PlotDimensions = None,
    plot_surface: PlotSurface = None,
    plot_traversal: PlotTraversal = None,
    no_metrics: Annotated[
        bool,
        typer.Option("--no-metrics", help="Reconstruction alone: quicker, and without the extra evaluation."),
    ] = False,
    record: Annotated[
        bool, typer.Option("--record", help="Write the figures into the checkpoint file, too.")
    ] = False,
    json: options.Json = None,
    force: options.Force = False,
) -> None:
    """Measure models on held-out tunes, beside the paper: what comes back, and what the latent space is like.

    With --control edits are measured, too, with --generation tunes of the model's own.

    Example: arvae-music evaluate folk --split test
    """
    options.check_json(json, force=force)
    _check_split(split)
    _check_control(control=control, frontier=frontier, plot=plot, force=force)
    given = models or ["folk"]
    pictures = Pictures(plot_dimensions, plot_surface, plot_traversal)
    pictures.check(json, force=force)
    one = {"--control": control, "--generation": generation, "--record": record, **pictures.options}
    _check_alone(given, [name for name, asked in one.items() if asked])
    from arvae_music.cli.data import load

    from arvae_music.control import load_model
    from arvae_music.control.generate import check_prior
    from arvae_music.evaluation.needed import check_packages

    if record and not Path(given[0]).is_file():
        raise UsageError(f"--record needs a checkpoint file to write to, and {given[0]} is none")
    if not no_metrics:
        check_packages("--no-metrics measures reconstruction alone")
    chosen = [load_model(name) for name in given]
    first = chosen[0]
    if generation:
        check_prior(first.checkpoint, given[0])
    names = meter_names(meters, list(first.checkpoint.calibration.lines))
    quiet = options.is_stdout(json)
    read = load(corpus or [_own_corpus(chosen)], quiet=quiet)
    title = f"{', '.join(given)} on the {split} split of {read.name}"
    result: dict[str, Any] = {
        **({"model": given[0]} if len(given) == 1 else {"models": given}),
        "corpus": read.name,
        "split": split,
        **(
            reconstruction_of(chosen, read, split)
            if no_metrics
            else {"seed": seed, **reports_on(chosen, read, split, seed)}
        ),
    }
    if not quiet:
        show_reports(title, result)
    pictures.draw(first, read, split, names if meters else [], force=force)
    if not quiet:
        for path in pictures.options.values():
            show.line(f"wrote {path}")
    if control:
        found = measure(first, read, Draw(split, names, measures, seed), frontier=frontier, quiet=quiet)
        result["control"] = dataclasses.asdict(found)
        if not quiet:
            show_control(title, found)
        if plot is not None:
            from arvae_music.control.chart import draw_chart

            draw_chart(found.requests, found.frontier, plot, force=force)
    if generation:
        rows = compare(first, read, split, names, tunes, seed, quiet=quiet)
        result["generation"] = [row.as_json() for row in rows]
    if record:
        _record(Path(given[0]), first, split, result)
    options.write_json(json, result, force=force)


def _check_alone(models: list[str], asked: list[str]) -> None:
    """Refuse what is done with one model where there are several.

    Raises:
        UsageError: something of that kind was asked for.
    """
    if len(models) > 1 and asked:
        raise UsageError(f"{asked[0]} takes one model, and there are {len(models)}: {', '.join(models)}")


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


def _record(path: Path, model: Model, split: str, report: dict[str, Any]) -> None:
    """Write the checkpoint anew with the figures of a split in its card, for the mean of z and sampled z."""
    from arvae_music.training.checkpoint import save_checkpoint

    def numbers(entry: dict[str, Any]) -> dict[str, float]:
        return {n: v for n, v in entry.items() if isinstance(v, int | float) and isfinite(v)}

    figures = {
        part: {meter: numbers(entry) for meter, entry in report[part].items()}
        for part in ("mean", "sampled")
        if part in report
    }
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


def _own_corpus(models: Sequence[Model]) -> str:
    """The corpus that models were trained on, if it is one of those that have a name.

    Raises:
        UsageError: one was trained on files of somebody's own, or not all on the same corpus.
    """
    names = list(dict.fromkeys(map(_corpus_of, models)))
    if len(names) > 1:
        raise UsageError(f"the models were trained on {' and '.join(names)}: choose with --corpus")
    return names[0]


def _corpus_of(model: Model) -> str:
    from arvae_music.data import corpora

    card = model.checkpoint.card.get("corpus", {})
    name = str(card.get("name", "folk"))
    if name not in {card.name for card in corpora()}:
        raise UsageError(
            f"{model.name} was trained on files ({card.get('title', name)}): name them with --corpus"
        )
    return name
