"""`arvae-music evaluate MODEL`: what a model gives back, and whether its edits can be trusted."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, Any

import typer
from arvae_music.cli import options, show

if TYPE_CHECKING:
    from arvae_music.data import Corpus

    from arvae_music.control.benchmark import LadderRow
    from arvae_music.control.model import Model

_METERS = "4/4,2/4,6/8,3/4"


def evaluate(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="folk, bach, a checkpoint file or a run's folder.")
    ] = "folk",
    corpus: Annotated[
        list[str] | None,
        typer.Option(
            "--corpus",
            help="folk, bach, or a file or folder; may be given again.",
            show_default="the model's own",
        ),
    ] = None,
    split: Annotated[str, typer.Option("--split", help="train, validation or test.")] = "test",
    control: Annotated[
        bool,
        typer.Option(
            "--control",
            help="Measure edits, too. Trains two event language models first (minutes; kept in the cache).",
        ),
    ] = False,
    measures: Annotated[
        int, typer.Option("--measures", min=1, help="With --control: measures of each meter.")
    ] = 500,
    meters: Annotated[str, typer.Option("--meters", help="With --control: the meters.")] = _METERS,
    seed: Annotated[int, typer.Option("--seed", min=0, help="With --control: of the draw.")] = 0,
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
        table = show.new_table(
            f"{model} on the {split} split of {read.name}: what comes back from the mean of z",
            ["meter", "measures", "ticks", "whole measures", "onset F1"],
        )
        for meter, (count, score) in scores.items():
            table.add_row(
                meter, f"{count:,}", f"{score.ticks:.2%}", f"{score.measures:.2%}", f"{score.onset_f1:.4f}"
            )
        show.show(table)
    if control:
        names = [name.strip() for name in meters.split(",")]
        rows = _control(chosen, read, split, names, measures, seed, quiet=quiet)
        result["control"] = [dataclasses.asdict(row) for row in rows]
        if not quiet:
            _show_control(rows)
    options.write_json(json, result, force=force)


def _own_corpus(model: Model) -> str:
    """The corpus that a model was trained on, if it is one of the bundled ones."""
    return str(model.checkpoint.card.get("corpus", {}).get("name", "folk"))


def _control(
    model: Model, corpus: Corpus, split: str, meters: list[str], size: int, seed: int, *, quiet: bool
) -> list[LadderRow]:
    from arvae_music.cli.live import Live

    from arvae_music.control.benchmark import Bench, run_ladder
    from arvae_music.training.judges import cached_judges
    from arvae_music.training.settings import TrainingSettings

    settings = TrainingSettings(model=model.checkpoint.settings, event_epochs=12)
    with Live(quiet=quiet) as live:
        editor, judge = cached_judges(corpus, settings, live)
    bench = Bench(model.checkpoint, judge, model.weights, model.beam).with_editor(editor)

    def tell(row: LadderRow) -> None:
        if not quiet:
            show.line(f"{row.meter} {row.request}: exact {row.ours.exact:.2%}")

    return run_ladder(bench, corpus, split=split, meters=meters, size=size, seed=seed, tell=tell)


def _show_control(rows: list[LadderRow]) -> None:
    table = show.new_table(
        "Edits of held-out measures; nats per note under a model that the edit did not see",
        [
            "meter", "request", "measures", "reachable", "exact", "legal", "ticks kept", "onsets kept",
            "nats", "over real", "without the decoder", "over real", "ticks kept",
        ],
    )  # fmt: skip
    for row in rows:
        ours, blind = row.ours, row.without_decoder
        table.add_row(
            row.meter,
            row.request,
            str(ours.asked),
            f"{ours.reachable:.1%}",
            f"{ours.exact:.2%}",
            f"{ours.legal:.2%}",
            f"{ours.ticks_kept:.1%}",
            f"{ours.onsets_kept:.1%}",
            f"{ours.nats:.2f}",
            f"{ours.nats / row.real_nats - 1:+.1%}",
            f"{blind.nats:.2f}",
            f"{blind.nats / row.real_nats - 1:+.1%}",
            f"{blind.ticks_kept:.1%}",
        )
    show.show(table)
