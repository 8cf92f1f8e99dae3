"""`arvae-music data`: the corpora, where they come from, and what is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer
from arvae_music.cli import options, show
from arvae_music.cli.help import Command

if TYPE_CHECKING:
    from arvae_music.data import Card, Corpus, Summary
    from rich.table import Table

data = typer.Typer(help="The corpora: what there is, and what is in them.", rich_markup_mode=None)


@data.command("list", cls=Command)
def list_(json: options.Json = None, force: options.Force = False) -> None:
    """List the corpora that can be called by name, with sources and licences.

    Example: arvae-music data list
    """
    from arvae_music.data import corpora

    options.check_json(json, force=force)
    cards = corpora()
    options.write_json(json, {"corpora": [_card_json(card) for card in cards]}, force=force)
    if not options.is_stdout(json):
        for card in cards:
            _show_card(card)


@data.command("prepare", cls=Command)
def prepare(corpus: options.Corpus, json: options.Json = None, force: options.Force = False) -> None:
    """Read a corpus and keep it in the cache, so that later commands have it at once.

    Example: arvae-music data prepare folk
    """
    from arvae_music.data import cache_folder

    options.check_json(json, force=force)
    loaded = load(corpus, quiet=options.is_stdout(json))
    result = {
        "corpus": loaded.name,
        "hash": loaded.hash,
        "measures": len(loaded),
        "cache": str(cache_folder()),
    }
    options.write_json(json, result, force=force)
    if not options.is_stdout(json):
        show.line(f"{loaded.name}: {len(loaded):,} measures are ready in {cache_folder()}")


@data.command("show", cls=Command)
def show_(corpus: options.Corpus, json: options.Json = None, force: options.Force = False) -> None:
    """Show what is in a corpus: tunes, splits, measures and attributes by meter, and what was passed over.

    Example: arvae-music data show folk
    """
    from arvae_music.data import summarize

    options.check_json(json, force=force)
    loaded = load(corpus, quiet=options.is_stdout(json))
    summary = summarize(loaded)
    options.write_json(json, as_json(loaded, summary), force=force)
    if not options.is_stdout(json):
        _show_card(loaded.card)
        splits = ", ".join(f"{name} {tunes:,}" for name, tunes in summary.tunes_by_split.items())
        show.line(f"  {summary.tunes:,} tunes in {summary.families:,} families of variants: {splits}")
        show.show(meters(summary))
        if summary.skipped:
            show.show(_counts("measures passed over", summary.skipped))
        for unread in summary.unread[:10]:
            show.line(f"- not read: {unread.path}: {unread.reason}")
        if len(summary.unread) > 10:
            show.line(f"- and {len(summary.unread) - 10} more files that could not be read (--json has them)")


def load(names: list[str], *, quiet: bool) -> Corpus:
    """A corpus, with a bar while it is read for the first time."""
    from arvae_music.data import load_corpus

    with show.reading(" ".join(names), quiet=quiet) as progress:
        return load_corpus(names, progress=progress)


def _card_json(card: Card) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(card)


def as_json(corpus: Corpus, summary: Summary) -> dict[str, Any]:
    """The result for a program."""
    return {
        "corpus": _card_json(corpus.card),
        "hash": corpus.hash,
        "tunes": summary.tunes,
        "families": summary.families,
        "tunes_by_split": summary.tunes_by_split,
        "meters": {
            row.meter: {
                "measures": row.measures,
                "attributes": {name: value._asdict() for name, value in row.attributes.items()},
            }
            for row in summary.meters
        },
        "skipped": summary.skipped,
        "unread": [row._asdict() for row in summary.unread],
    }


def _show_card(card: Card) -> None:
    size = f": {card.tunes:,} tunes, {card.measures:,} measures" if card.tunes and card.measures else ""
    show.line(f"{card.name}: {card.title}{size}")
    for name, text in (("source", card.source), ("licence", card.licence), ("citation", card.citation)):
        if text:
            show.line(f"  {name}: {text}")


def meters(summary: Summary) -> Table:
    """A row per meter: measures in each split, and mean and standard deviation of each attribute."""
    from arvae_music.attributes import ATTRIBUTES

    splits = list(summary.tunes_by_split)
    table = show.new_table("measures by meter", ["meter", *splits, *(f"{a.short} (sd)" for a in ATTRIBUTES)])
    for row in summary.meters:
        counts = [f"{row.measures[name]:,}" for name in splits]
        values = [row.attributes[a.name] for a in ATTRIBUTES]
        digits = [2 if a.whole else 3 for a in ATTRIBUTES]
        cells = [f"{v.mean:.{d}f} ({v.sd:.{d}f})" for v, d in zip(values, digits, strict=True)]
        table.add_row(row.meter, *counts, *cells)
    sums = [f"{sum(row.measures[name] for row in summary.meters):,}" for name in splits]
    table.add_section()
    table.add_row("all", *sums)
    return table


def _counts(title: str, counts: dict[str, int]) -> Table:
    table = show.new_table(title, ["count"], ["reason"])
    for reason, count in sorted(counts.items(), key=lambda item: -item[1]):
        table.add_row(f"{count:,}", reason)
    return table
