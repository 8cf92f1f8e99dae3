"""All presets side by side on the same data: `python -m tests.benchmarks.presets`.

Each preset is trained on the 4/4 measures of the folk corpus with each seed, and `arvae-music evaluate`
measures it on the test split. What is known already is in `presets.json` beside this file, with the
settings it was trained with; only what that file lacks, or has with other settings, is trained, and it is
written after every run. An interrupted run goes on from its folder.

    python -m tests.benchmarks.presets                       # what is lacking, then the table
    python -m tests.benchmarks.presets --no-train            # the table of what is known
    python -m tests.benchmarks.presets --seeds 3 --preset paper --preset ar-vae

The prior over the measures of a tune is not trained: nothing here is measured on it.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from arvae_music.cli.errors import run
from arvae_music.cli.live import Live
from arvae_music.data import Corpus, load_corpus
from rich.console import Console
from rich.table import Table

from arvae_music.control import edited_copies
from arvae_music.errors import ArvaeError
from arvae_music.training.corpus import training_data
from arvae_music.training.folder import MAY_CHANGE, METRICS, STATE, seconds_by_task
from arvae_music.training.presets import preset_settings
from arvae_music.training.run import run_training
from arvae_music.training.settings import PRESETS, TrainingSettings
from arvae_music.training.tasks import VaeTask

RESULTS = Path(__file__).with_suffix(".json")
METER = "4/4"

PARTS = ("mean", "sampled", "latent")
"""Parts of the report of `evaluate` whose numbers are kept."""

_OF_LISTENING = ("copies", "clean", "following")
"""Settings that decide nothing where no decoder learns to listen."""


@dataclass(frozen=True)
class Row:
    """What one run gave.

    Attributes:
        preset, seed: which one.
        settings: what it was trained with, without where it was computed.
        corpus: hash of the corpus.
        seconds: it took from its first epoch to its last.
        figures: by how they were measured and name: `{"mean": {"ticks": ...}, ...}`.
        validation: share of the validation split's ticks that came back after each epoch.
    """

    preset: str
    seed: int
    settings: dict[str, Any]
    corpus: str
    seconds: float
    figures: dict[str, dict[str, float | None]]
    validation: list[float] = field(default_factory=list)

    def is_of(self, settings: TrainingSettings, corpus: str) -> bool:
        """Whether just these settings and this corpus gave it; a setting that it has not is the default."""
        try:
            mine = said(TrainingSettings.from_json(self.settings))
        except (KeyError, TypeError, ArvaeError):  # it has one that there is no more
            return False
        return (mine, self.corpus) == (said(settings), corpus)


def said(settings: TrainingSettings) -> dict[str, Any]:
    """Settings that decide the result, as JSON has them."""
    plain: dict[str, Any] = json.loads(json.dumps(settings.as_json()))
    idle = MAY_CHANGE if settings.listening_epochs else (*MAY_CHANGE, *_OF_LISTENING)
    return {name: value for name, value in plain.items() if name not in idle}


def read(path: Path) -> list[Row]:
    """The rows of a results file; none where there is no file."""
    return [Row(**row) for row in json.loads(path.read_text())] if path.exists() else []


def write(path: Path, rows: Sequence[Row]) -> None:
    """Write a results file, in the order of presets and seeds."""
    ordered = sorted(rows, key=lambda row: (PRESETS.index(row.preset), row.seed))
    path.write_text(json.dumps([asdict(row) for row in ordered], indent=1) + "\n")


def wanted(names: Sequence[str], seeds: int, **given: Any) -> list[TrainingSettings]:
    """Settings of every run, all presets with one seed before the next seed."""
    shared = {"meters": (METER,), "prior_epochs": 0, **given}
    return [preset_settings(name, seed=seed, **shared) for seed in range(seeds) for name in names]


def lacking(rows: Sequence[Row], asked: Sequence[TrainingSettings], corpus: str) -> list[TrainingSettings]:
    """The runs that no row is of."""
    return [settings for settings in asked if not any(row.is_of(settings, corpus) for row in rows)]


def without(rows: Sequence[Row], settings: TrainingSettings) -> list[Row]:
    """The rows but that of a preset and seed."""
    return [row for row in rows if (row.preset, row.seed) != (settings.preset, settings.seed)]


def trained(corpus: Corpus, settings: TrainingSettings, folder: Path) -> Path:
    """The best checkpoint of a run in its folder, begun or gone on with."""
    with Live() as live:
        return run_training(
            training_data(corpus, settings.meters),
            settings,
            folder,
            live,
            copier=edited_copies,
            resume=(folder / STATE).exists(),
        )


def measured(checkpoint: Path) -> dict[str, dict[str, float | None]]:
    """What `arvae-music evaluate` says of the meter: numbers by how they were measured and name."""
    with tempfile.TemporaryDirectory() as place:
        report = Path(place) / "report.json"
        words = ["evaluate", str(checkpoint), "--corpus", "folk", "--split", "test", "--json", str(report)]
        if run(words):
            raise SystemExit(f"arvae-music {' '.join(words)} failed")
        return dict(numbers(json.loads(report.read_text())))


def curve(folder: Path) -> list[float]:
    """Share of the validation split's ticks that came back after each epoch of the auto-encoder."""
    lines = (json.loads(line) for line in (folder / METRICS).read_text().splitlines())
    return [round(line["ticks"], 5) for line in lines if line["task"] == VaeTask.name]


def numbers(report: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, float | None]]]:
    """The numbers that a report of `evaluate` has of the meter, part by part."""
    for part in PARTS:
        found = report.get(part, {}).get(METER, {})
        plain = {n: v for n, v in found.items() if v is None or isinstance(v, int | float)}
        if plain:
            yield part, plain


def shown(rows: Sequence[Row]) -> Table:
    """A column for each preset: the mean over its seeds, and the deviation where there are several."""
    by_preset = {kind: [row for row in rows if row.preset == kind] for kind in PRESETS}
    by_preset = {kind: mine for kind, mine in by_preset.items() if mine}
    table = Table(title=f"Presets on the {METER} measures of folk's test split: mean over seeds ± deviation")
    table.add_column("")
    for kind in by_preset:
        table.add_column(kind, justify="right")
    table.add_row("seeds", *(str(len(mine)) for mine in by_preset.values()))
    minutes = (statistics.mean(row.seconds for row in mine) / 60 for mine in by_preset.values())
    table.add_row("minutes", *(f"{each:.1f}" for each in minutes))
    for part in PARTS:
        names = dict.fromkeys(name for row in rows for name in row.figures.get(part, {}) if name != "count")
        table.add_section()
        for name in names:
            found = ([row.figures.get(part, {}).get(name) for row in mine] for mine in by_preset.values())
            table.add_row(f"{name} ({part})", *map(spread, found))
    return table


def spread(values: Sequence[float | None]) -> str:
    """Mean and standard deviation of what there is."""
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    mean = f"{statistics.mean(known):.4f}"
    return mean if len(known) == 1 else f"{mean} ± {statistics.stdev(known):.4f}"


def main(
    preset: Annotated[list[str] | None, typer.Option(help="Only this one; may be given again.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Seeds 0 to this less one.")] = 1,
    train: Annotated[bool, typer.Option(help="Train what is lacking.")] = True,
    results: Annotated[Path, typer.Option(help="The results file.")] = RESULTS,
    runs: Annotated[Path, typer.Option(help="Where the runs' folders are.")] = Path("runs/presets"),
    epochs: Annotated[int | None, typer.Option(help="Of the auto-encoder, for all presets.")] = None,
    event_epochs: Annotated[int | None, typer.Option(help="Of the event language model.")] = None,
    listening_epochs: Annotated[int | None, typer.Option(help="Of the default's listening decoder.")] = None,
    threads: Annotated[int, typer.Option(help="CPU threads; 0 leaves the choice to torch.")] = 1,
) -> None:
    """Train and measure the presets that the results file lacks; print the table."""
    given = {"epochs": epochs, "event_epochs": event_epochs, "threads": threads}
    asked = wanted(preset or PRESETS, seeds, **{n: v for n, v in given.items() if v is not None})
    if listening_epochs is not None:
        asked = [replace(s, listening_epochs=listening_epochs) if s.listening_epochs else s for s in asked]
    rows = read(results)
    if train:
        corpus = load_corpus("folk")
        for settings in lacking(rows, asked, corpus.hash):
            Console().print(f"{settings.preset}, seed {settings.seed}")
            best = trained(corpus, settings, runs / f"{settings.preset}-{settings.seed}")
            seconds = round(sum(seconds_by_task(best.parent).values()), 1)
            found = Row(
                settings.preset,
                settings.seed,
                said(settings),
                corpus.hash,
                seconds,
                measured(best),
                curve(best.parent),
            )
            rows = [*without(rows, settings), found]
            write(results, rows)
    Console().print(shown(rows))


if __name__ == "__main__":
    typer.run(main)
