"""`evaluate MODEL`: reports on models, and the tables that show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import isnan
from textwrap import fill
from typing import TYPE_CHECKING, Any

from arvae_music.cli import show

from arvae_music.attributes import resolve

if TYPE_CHECKING:
    from arvae_music.data import Corpus
    from rich.table import Table

    from arvae_music.control.model import Model

_WIDTH = 100
_ALL = "all"
_SHORT = {
    "interpretability": "interp.",
    "mig": "MIG",
    "dmig": "DMIG",
    "modularity": "modul.",
    "modularity_regularized": "of reg.",
    "sap": "SAP",
    "spearman": "Spearman",
    "spearman_of_ceiling": "of ceil.",
}
"""Metrics of the table of disentanglement, with the names of its columns."""

_PARTS = {"sampled": "sampled z", "mean": "mean of z", "ceiling": "ceiling"}
"""Parts of a report with metrics of disentanglement, and what they are called in tables."""

_RECONSTRUCTION = {"ticks": "ticks", "measures": "measures", "onset_f1": "onset F1"}
_PARTS_SHORT = {"mean": "", "sampled": "sampled\n"}
_KINDS = {"ar_vae": "AR-VAE", "beta_vae": "β-VAE"}

Entries = Mapping[str, Mapping[str, Any]]


def reports_on(models: Sequence[Model], corpus: Corpus, split: str, seed: int) -> dict[str, Any]:
    """What is known of models on a split, ready for JSON.

    Of several models it is the mean, with the standard deviation of each figure under `spread`, and each
    model's own report under `each`.
    """
    from arvae_music.evaluation.averages import over_models
    from arvae_music.evaluation.published import PUBLISHED, SOURCE
    from arvae_music.training.evaluate import report_on

    each = [asdict(report_on(model.checkpoint, corpus, split, seed=seed)) for model in models]
    paper = {"source": SOURCE, **PUBLISHED}
    if len(each) == 1:
        return {**each[0], "paper": paper}
    mean, spread = over_models(each)
    named = {model.name: report for model, report in zip(models, each, strict=True)}
    return {**mean, "paper": paper, "spread": spread, "each": named}


def reconstruction_of(models: Sequence[Model], corpus: Corpus, split: str) -> dict[str, Any]:
    """The same without metrics: what comes back from the mean of z."""
    from arvae_music.evaluation.averages import over_models
    from arvae_music.training.evaluate import reconstruction_by_meter

    each = []
    for model in models:
        scores = reconstruction_by_meter(model.checkpoint, corpus, split)
        each.append({"mean": {meter: {"count": n, **s._asdict()} for meter, (n, s) in scores.items()}})
    if len(each) == 1:
        return each[0]
    mean, spread = over_models(each)
    named = {model.name: report for model, report in zip(models, each, strict=True)}
    return {**mean, "spread": spread, "each": named}


def show_reports(title: str, report: Mapping[str, Any]) -> None:
    """Print the tables of a report; `title` says which models on which measures."""
    tables = [reconstruction_table(title, report)]
    if "sampled" in report:
        tables += [
            disentanglement_table(report),
            attribute_table(report),
            latent_table(report),
            *(prior_table(report, part, whence) for part, whence in _PRIORS.items() if report[part]),
        ]
    for table in tables:
        table.title = fill(str(table.title), _WIDTH)
        show.show(table)
    for reason in left_out(report):
        show.line(f"- no metrics of {reason}")


def left_out(report: Mapping[str, Any]) -> list[str]:
    """Meters without metrics, each with the reason."""
    return [
        f"{meter}: {entry['left_out']}"
        for meter, entry in report["mean"].items()
        if meter != _ALL and "left_out" in entry
    ]


_PRIORS = {"prior_samples": "N(0, I)", "tune_prior_samples": "the prior over the measures of a tune"}


class _Cells:
    """The cells of some entries of a report, with the deviation over models below where there are several."""

    def __init__(self, report: Mapping[str, Any], part: str) -> None:
        self.entries: Entries = report[part]
        self.spread: Entries = report.get("spread", {}).get(part, {})

    def __call__(self, path: Sequence[str], form: str = ".3f") -> str:
        """The figure at a path through the entries, for instance `all`, `mig`."""
        value, spread = _at(self.entries, path), _at(self.spread, path)
        if value is None or isnan(value):
            return "-"
        if spread is None or isnan(spread):
            return f"{value:{form}}"
        return f"{value:{form}}\n±{spread:{form}}"


def _at(tree: Any, path: Sequence[str]) -> float | None:
    for name in path:
        if not isinstance(tree, Mapping) or name not in tree:
            return None
        tree = tree[name]
    return float(tree)


def reconstruction_table(title: str, report: Mapping[str, Any]) -> Table:
    """What comes back, by meter, and what the paper says."""
    parts = [part for part in ("mean", "sampled") if part in report]
    heads = [f"{_PARTS_SHORT[part]}{said}" for part in parts for said in _RECONSTRUCTION.values()]
    table = show.new_table(
        f"{title}: what comes back from the mean of z" + (" and from sampled z" if len(parts) > 1 else ""),
        ["meter", "count", *heads],
    )
    for meter, entry in report["mean"].items():
        cells = []
        for part in parts:
            of = _Cells(report, part)
            cells += [of([meter, name], ".4f" if name == "onset_f1" else ".2%") for name in _RECONSTRUCTION]
        table.add_row(meter, f"{entry['count']:,}", *cells)
    for name, figures in _published(report):  # theirs are of sampled z
        before = [""] * (len(heads) - len(_RECONSTRUCTION))
        table.add_row(name, "", *before, f"{figures['ticks']:.2%}", "", "")
    return table


def _published(report: Mapping[str, Any]) -> list[tuple[str, Mapping[str, float]]]:
    """Names and figures of the paper's models."""
    paper = {name: models for name, models in report.get("paper", {}).items() if name != "source"}
    return [
        (f"paper, {corpus} {_KINDS[kind]}", figures)
        for corpus, models in paper.items()
        for kind, figures in models.items()
    ]


def disentanglement_table(report: Mapping[str, Any]) -> Table:
    """The metrics for sampled and mean z by meter, their ceiling, and those of the paper."""
    table = show.new_table(
        "Disentanglement: interpretability, mutual information gap, the same for dependent attributes, "
        "modularity of all and of the regularized dimensions, separated predictability, Spearman's "
        "correlation with the regularized dimension and its share of what equal values allow. Ceiling: "
        f"a perfect encoder of these measures. {_source(report)}",
        ["", *_SHORT.values()],
    )
    for part, said in _PARTS.items():
        cells = _Cells(report, part)
        for meter in cells.entries:
            if meter == _ALL or "left_out" not in cells.entries[meter]:
                table.add_row(f"{said}, {meter}", *(cells([meter, name]) for name in _SHORT))
    for name, figures in _published(report):
        table.add_row(name, *(f"{figures[m]:.3f}" if m in figures else "" for m in _SHORT))
    return table


def _source(report: Mapping[str, Any]) -> str:
    return f"Paper: {report['paper']['source']}."


def attribute_table(report: Mapping[str, Any]) -> Table:
    """The metrics that every attribute has, over all meters."""
    names = [name for name in _SHORT if not name.startswith("modularity")]
    table = show.new_table(
        "By attribute, over all meters", ["", "attribute", *(_SHORT[name] for name in names)]
    )
    for part, said in _PARTS.items():
        cells = _Cells(report, part)
        for attribute in cells.entries[_ALL]["attributes"]:
            figures = (cells([_ALL, "attributes", attribute, name]) for name in names)
            table.add_row(said, resolve(attribute).short, *figures)
    return table


def latent_table(report: Mapping[str, Any]) -> Table:
    """Likelihood, and how z is used."""
    table = show.new_table(
        "Latent space: negative log-likelihood at sampled z, and KL from the prior, in nats; active units; "
        "distance of the aggregate posterior from N(0, I), mean Wasserstein distance of single dimensions "
        "and that of normal distributions over all, each beside that of as many draws from N(0, I)",
        ["meter", "per tick", "per measure", "KL", "active", "single", "by chance", "all", "by chance"],
    )
    sampled, cells = _Cells(report, "sampled"), _Cells(report, "latent")
    for meter in cells.entries:
        table.add_row(
            meter,
            sampled([meter, "nats_per_tick"]),
            sampled([meter, "nats_per_measure"], ".2f"),
            cells([meter, "kl"], ".1f"),
            f"{cells([meter, 'active_units'], '.1f')}",
            cells([meter, "wasserstein"]),
            cells([meter, "wasserstein_by_chance"]),
            cells([meter, "gaussian"], ".2f"),
            cells([meter, "gaussian_by_chance"], ".2f"),
        )
    return table


def prior_table(report: Mapping[str, Any], part: str, whence: str) -> Table:
    """Attributes of measures decoded from a prior against those of the corpus."""
    cells = _Cells(report, part)
    legal = cells([_ALL, "legal"], ".1%").split("\n")[0]
    table = show.new_table(
        f"Attributes of measures decoded from {whence}, of which {legal} are legal, against those of the "
        "split, meter by meter: Wasserstein distance in standard deviations, Kolmogorov-Smirnov statistic. "
        "Beside them those of the training split",
        ["attribute", "distance", "KS", "training", "KS"],
    )
    for attribute in cells.entries[_ALL]["attributes"]:
        path = [_ALL, "attributes", attribute]
        names = ("wasserstein", "ks", "train_wasserstein", "train_ks")
        table.add_row(resolve(attribute).short, *(cells([*path, name]) for name in names))
    return table
