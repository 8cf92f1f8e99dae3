"""The tables of `images evaluate`."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan
from typing import TYPE_CHECKING, Any

from arvae_music.cli import show

if TYPE_CHECKING:
    from rich.table import Table

_METRICS = {
    "interpretability": "interp.",
    "mig": "MIG",
    "modularity": "modul.",
    "modularity_regularized": "of reg.",
    "sap": "SAP",
    "spearman": "Spearman",
}
_PARTS = {"sampled": "sampled z", "mean": "mean of z", "ceiling": "ceiling"}


def show_report(title: str, report: Mapping[str, Any]) -> None:
    """Print the tables of a report; `title` says which model on which images."""
    mean, latent = report["mean"], report["latent"]
    show.line(
        f"{title}: {mean['count']:,} images, {mean['nats']:.1f} nats an image and {mean['pixel_error']:.2%} "
        f"of a pixel off at the mean of z; KL {latent['kl']:.1f} nats, {latent['active_units']} of "
        f"{latent['dimensions']} dimensions in use"
    )
    if "attributes" not in mean:
        show.line("no attribute is regularized: there are no metrics of them")
        return
    show.show(_overall(report))
    show.show(_by_attribute(report))


def _overall(report: Mapping[str, Any]) -> Table:
    table = show.new_table("regularized attributes", ["", *_METRICS.values()])
    for part, said in _PARTS.items():
        table.add_row(said, *(_cell(report[part].get(name)) for name in _METRICS))
    if "spearman" in report["paper"]:
        table.add_row(
            f"paper, {report['paper']['data']}", *(_cell(report["paper"].get(name)) for name in _METRICS)
        )
    return table


def _by_attribute(report: Mapping[str, Any]) -> Table:
    names = [name for name in _METRICS if not name.startswith("modularity")]
    table = show.new_table("by attribute, sampled z", ["attribute", *(_METRICS[name] for name in names)])
    for attribute, entry in report["sampled"]["attributes"].items():
        table.add_row(attribute, *(_cell(entry[name]) for name in names))
    return table


def _cell(value: float | None) -> str:
    return "-" if value is None or isnan(value) else f"{value:.3f}"
