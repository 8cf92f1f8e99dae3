"""`arvae-music evaluate MODEL`: what a model gives back, and whether its edits can be trusted."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from arvae_music.cli import options, show

from arvae_music.errors import UsageError

if TYPE_CHECKING:
    from arvae_music.data import Corpus
    from rich.table import Table

    from arvae_music.control.ladder import LadderRow
    from arvae_music.control.model import Model
    from arvae_music.evaluation import ReconstructionScores

_METERS = "4/4,2/4,6/8,3/4"


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
    measures: Annotated[
        int, typer.Option("--measures", metavar="N", min=1, help="With --control: measures of each meter.")
    ] = 500,
    meters: Annotated[
        str, typer.Option("--meters", metavar="LIST", help="With --control: the meters.")
    ] = _METERS,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="With --control: of the draw.")] = 0,
    record: Annotated[
        bool, typer.Option("--record", help="Write the figures into the checkpoint file, too.")
    ] = False,
    json: options.Json = None,
    force: options.Force = False,
) -> None:
    """Measure a model on held-out tunes: reconstruction, and with --control its edits.

    Example: arvae-music evaluate folk --split test
    """
    options.check_json(json, force=force)
    from arvae_music.cli.data import load

    from arvae_music.control import load_model
    from arvae_music.training.evaluate import reconstruction_by_meter

    _check_split(split)
    if record and not Path(model).is_file():
        raise UsageError(f"--record needs a checkpoint file to write to, and {model} is none")
    names = meter_names(meters)
    quiet = options.is_stdout(json)
    chosen = load_model(model)
    read = load(corpus or [_own_corpus(chosen)], quiet=quiet)
    scores = reconstruction_by_meter(chosen.checkpoint, read, split)
    result: dict[str, Any] = {
        "model": model,
        "corpus": read.name,
        "split": split,
        "mean": {meter: {"count": n, **s._asdict()} for meter, (n, s) in scores.items()},
    }
    if not quiet:
        show.show(_reconstruction(f"{model} on the {split} split of {read.name}", scores))
    if control:
        rows = _control(chosen, read, split, names, measures, seed, quiet=quiet)
        result["control"] = [dataclasses.asdict(row) for row in rows]
        if not quiet:
            show.show(edits_table(rows))
            show.show(style_table(rows))
    if record:
        _record(Path(model), chosen, split, result["mean"])
    options.write_json(json, result, force=force)


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


def meter_names(text: str) -> list[str]:
    """The meters that `4/4,6/8` names, each once.

    Raises:
        UsageError: one of them is no meter that a model knows.
    """
    from arvae_music.meter import GRIDS

    known = [grid.name for grid in GRIDS]
    names = list(dict.fromkeys(name.strip() for name in text.split(",")))
    for name in names:
        if name not in known:
            raise UsageError(f"--meters {text}: '{name}' is not one of {', '.join(known)}")
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


def _control(
    model: Model, corpus: Corpus, split: str, meters: list[str], size: int, seed: int, *, quiet: bool
) -> list[LadderRow]:
    from arvae_music.cli.live import Live

    from arvae_music.control.benchmark import Bench
    from arvae_music.control.ladder import pooled, run_ladder
    from arvae_music.training.judges import cached_judges
    from arvae_music.training.settings import TrainingSettings

    settings = TrainingSettings(model=model.checkpoint.settings, event_epochs=12)
    with Live(quiet=quiet) as live:
        editor, judge = cached_judges(corpus, settings, live)
    bench = Bench(model.checkpoint, judge, model.weights, model.beam).with_editor(editor)

    def tell(row: LadderRow) -> None:
        if not quiet:
            show.line(f"{row.meter} {row.request}: exact {row.ours.exact:.2%}")

    rows = run_ladder(bench, corpus, split=split, meters=meters, size=size, seed=seed, tell=tell)
    return [*rows, *pooled(rows)] if len(meters) > 1 else rows


def edits_table(rows: list[LadderRow]) -> Table:
    """What was asked for and whether it came, and how much of the source stayed."""
    table = _by_request(
        "Edits of held-out measures: how many; the shares that can be had (reach), are as asked, are legal; "
        "shares of ticks and onsets that stay; largest mean shift of another attribute, in sd",
        ["count", "reach", "exact", "legal", "ticks", "onsets", "shift"],
    )
    for meter, row in _marked(rows, table):
        ours = row.ours
        table.add_row(
            meter,
            row.request,
            f"{ours.asked:,}",
            f"{ours.reachable:.1%}",
            "100%" if ours.exact == 1 else f"{ours.exact:.2%}",
            f"{ours.legal:.1%}",
            f"{ours.ticks_kept:.1%}",
            f"{ours.onsets_kept:.1%}",
            f"{max(ours.shift.values(), default=0.0):.2f}",
        )
    return table


def style_table(rows: list[LadderRow]) -> Table:
    """Style, with the decoder's part in the score and without."""
    table = _by_request(
        "Style: nats per note under an event language model that the edit did not see, beside those of the "
        "measures as they were; then the same without the decoder in the score",
        ["real", "edited", "over real", "without", "over real", "ticks"],
    )
    for meter, row in _marked(rows, table):
        ours, blind, real = row.ours, row.without_decoder, row.real_nats
        table.add_row(
            meter,
            row.request,
            f"{real:.2f}",
            f"{ours.nats:.2f}",
            f"{ours.nats / real - 1:+.1%}",
            f"{blind.nats:.2f}",
            f"{blind.nats / real - 1:+.1%}",
            f"{blind.ticks_kept:.1%}",
        )
    return table


def _by_request(title: str, numbers: list[str]) -> Table:
    """An empty table with a row per meter and request; a request may wrap, numbers may not."""
    table = show.new_table(title, ["meter"], ["request"])
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _marked(rows: list[LadderRow], table: Table) -> Iterator[tuple[str, LadderRow]]:
    """Rows with the name of the meter on the first of each, and a line between meters."""
    before = ""
    for row in rows:
        if before and row.meter != before:
            table.add_section()
        yield "" if row.meter == before else row.meter, row
        before = row.meter
