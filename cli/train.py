"""`arvae-music train CORPUS`: train a model, live, so that it can be stopped and resumed."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from arvae_music.cli import options, show

if TYPE_CHECKING:
    from arvae_music.data import Corpus

    from arvae_music.training.settings import TrainingSettings


def _setting(help: str, metavar: str = "NUMBER") -> Any:  # noqa: A002 - Typer's own name
    """An option that is a field of TrainingSettings; that class checks its range."""
    return typer.Option(help=help, metavar=metavar)


def train(
    ctx: typer.Context,
    corpus: options.Corpus,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="The run's folder.", show_default="runs/CORPUS"),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Go on with the run in the folder; the settings are those that it began with."
        ),
    ] = False,
    preset: Annotated[
        str,
        _setting(
            "What the other settings are if not given: default; paper and paper-flat (Pati & Lerch 2020: "
            "a decoder that sees its own tokens, with or without a beat layer; the order term); beta-vae "
            "(no attribute term); ar-vae (the order term alone); normal (attributes made normal). "
            "The last three have the default's networks.",
            "NAME",
        ),
    ] = "default",
    meters: Annotated[
        list[str] | None,
        typer.Option(
            "--meter",
            metavar="METER",
            help="Learn from measures of this meter; may be given again.",
            show_default="all",
        ),
    ] = None,
    start: Annotated[
        str,
        typer.Option(
            "--start",
            metavar="MODEL",
            help="Begin with the weights of this model (a name, a file or a run's folder): for few tunes.",
            show_default="random weights",
        ),
    ] = "",
    epochs: Annotated[int, _setting("Passes over the training measures.")] = 36,
    event_epochs: Annotated[
        int, _setting("Passes for the event language model, which is trained first.")
    ] = 12,
    listening_epochs: Annotated[
        int,
        _setting(
            "Passes over measures and edited copies of them, in which a second decoder learns to "
            "listen to the regularized dimensions; 0 leaves it out."
        ),
    ] = 20,
    copies: Annotated[int, _setting("Edited copies of each measure.")] = 2,
    clean: Annotated[
        float, _setting("Share of the measures that are to come back then; the others become their copies.")
    ] = 0.5,
    following: Annotated[
        float, _setting("Weight of the term that holds decoded swaps to the values asked for then.")
    ] = 0.25,
    prior_epochs: Annotated[
        int, _setting("Passes for the prior that `generate` needs, which is trained last; 0 leaves it out.")
    ] = 30,
    batch_size: Annotated[int, _setting("Measures in a step.")] = 128,
    schedule: Annotated[
        str, _setting("Learning rate of the auto-encoder: one-cycle or constant.", "NAME")
    ] = "one-cycle",
    learning_rate: Annotated[float, _setting("Peak of the one-cycle rate, or the constant rate.")] = 3e-3,
    weight_decay: Annotated[float, _setting("Weight decay of AdamW.")] = 0.01,
    beta: Annotated[float, _setting("Weight of the KL divergence.")] = 0.001,
    final_beta: Annotated[
        float, _setting("Weight that it has in the end; it goes there in the second half of the epochs.")
    ] = 0.0001,
    gamma: Annotated[float, _setting("Weight of the attribute term.")] = 0.2,
    delta: Annotated[float, _setting("Sharpness of the attribute term.")] = 10.0,
    linearity: Annotated[
        float, _setting("Weight of the term that makes regularized dimensions linear in their attributes.")
    ] = 1.0,
    normality: Annotated[
        float, _setting("Weight of the term that makes regularized dimensions their attributes made normal.")
    ] = 0.0,
    teacher_forcing: Annotated[
        float,
        _setting("Share of the steps in which a decoder that sees its own tokens is fed the true ones."),
    ] = 0.5,
    transpose: Annotated[
        int, _setting("Move each measure by up to so many semitones at random, each time anew.")
    ] = 6,
    seed: Annotated[int, _setting("Makes the run repeatable.")] = 0,
    threads: Annotated[int, _setting("CPU threads; 0 leaves the choice to torch.")] = 0,
    device: Annotated[str, _setting("auto, cpu or cuda.", "NAME")] = "auto",
    devices: Annotated[int, _setting("How many of them; with torchrun, on each machine.")] = 1,
    precision: Annotated[str, _setting("auto, 32-true or bf16-mixed.", "NAME")] = "auto",
    jobs: options.Jobs = None,
    dask: options.Dask = None,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Write TensorBoard's event files, too (extra: tensorboard).")
    ] = False,
    json: options.Json = None,
    force: Annotated[bool, typer.Option("--force", help="Write over an existing file of --json.")] = False,
) -> None:
    """Train a model. Stop it with Ctrl-C at any time; --resume goes on where it stopped.

    Example: arvae-music train folk --epochs 2 -o run
    """
    options.check_json(json, force=force)
    from arvae_music.cli.data import load

    from arvae_music.training.folder import check_folder, resumed_settings
    from arvae_music.training.peers import follows
    from arvae_music.training.presets import preset_settings
    from arvae_music.training.settings import TrainingSettings

    folder = output or Path("runs") / (Path(corpus[0]).resolve().name or "corpus")
    given = _given_settings(ctx)
    if resume:
        settings = resumed_settings(folder, given, TrainingSettings.from_json)
    else:
        settings = preset_settings(given.pop("preset", preset), **given)
        check_folder(folder)
    result = _train(
        lambda quiet: load(corpus, quiet=quiet, jobs=jobs, dask=dask),
        folder,
        settings,
        resume=resume,
        tensorboard=tensorboard,
        quiet=options.is_stdout(json) or follows(),
    )
    if not follows():
        options.write_json(json, result, force=force)


def _given_settings(ctx: typer.Context) -> dict[str, Any]:
    """The settings that the user named, by field."""
    from arvae_music.training.settings import TrainingSettings

    names = [field.name for field in fields(TrainingSettings)]
    given = {name: ctx.params[name] for name in names if name in ctx.params and _given(ctx, name)}
    if "meters" in given:
        given["meters"] = _meters(given["meters"])
    return given


def _meters(texts: Sequence[str]) -> tuple[str, ...]:
    """Names of meters as they were written (C is 4/4), each once.

    Raises:
        UsageError: one is no meter, or not one that is read.
    """
    from arvae_music.errors import ArvaeError, UsageError
    from arvae_music.meter import GRIDS, Meter

    names = []
    for text in texts:
        try:
            grid = Meter.parse(text).grid
        except ArvaeError:
            grid = None
        if grid is None:
            known = ", ".join(grid.name for grid in GRIDS)
            raise UsageError(f"--meter is '{text}': take one of {known}")
        names.append(grid.name)
    return tuple(dict.fromkeys(names))


def _given(ctx: typer.Context, name: str) -> bool:
    """Whether the user named an option, rather than leave it at its default."""
    source = ctx.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def remade(words: Sequence[str]) -> str:
    """The command that makes a model again, without what only says where it is read and written."""
    valued = ("-o", "--output", "--json", "--jobs", "--dask")
    kept: list[str] = []
    for before, word in zip(["", *words], words, strict=False):
        plain = word not in ("--resume", "--force") and not word.startswith(
            tuple(f"{name}=" for name in valued)
        )
        if plain and word not in valued and before not in valued:
            kept.append(word)
    return shlex.join(["arvae-music", *kept])


def _train(
    read: Callable[[bool], Corpus],
    folder: Path,
    settings: TrainingSettings,
    *,
    resume: bool,
    tensorboard: bool,
    quiet: bool,
) -> dict[str, object]:
    """The library's call between the live lines before and the closing line after."""
    from arvae_music.cli.data import read_json, show_read
    from arvae_music.cli.live import Live, stopping

    from arvae_music.control import edited_copies, load_model
    from arvae_music.training.corpus import training_data
    from arvae_music.training.folder import is_finished, last_figures
    from arvae_music.training.loop import Listener
    from arvae_music.training.peers import follows
    from arvae_music.training.run import run_training
    from arvae_music.training.tensorboard import EventFiles, Several

    start = load_model(settings.start).checkpoint if settings.start else None
    corpus = read(quiet)
    finished = resume and is_finished(folder)
    if corpus.name == "own" and not quiet and not finished:
        show_read(corpus)
    data, read_from = training_data(corpus, settings.meters), read_json(corpus)
    del corpus  # a large one would take as much memory again
    if not quiet and not finished:
        held_out = len(data.validation.tokens)
        show.line(
            f"{data.name}: {len(data.train.tokens):,} measures to train on, "
            + (f"{held_out:,} to validate" if held_out else "none to validate (the last epoch is the best)")
        )
    command = remade(sys.argv[1:])
    with stopping(folder), Live(quiet=quiet or finished) as live:
        listeners: list[Listener] = [live]
        if tensorboard and not finished and not follows():
            listeners.append(EventFiles(folder))
        best = run_training(
            data,
            settings,
            folder,
            Several(listeners),
            copier=edited_copies,
            start=start,
            resume=resume,
            command=command,
        )
    if not quiet:
        done = f"{folder} is finished ({settings.epochs} epochs); " if finished else ""
        show.line(f"{done}best checkpoint: {best}")
    return {
        "checkpoint": str(best),
        "corpus": data.name,
        "seed": settings.seed,
        "figures": last_figures(folder),
        "read": read_from,
    }
