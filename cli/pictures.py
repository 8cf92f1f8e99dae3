"""The pictures of `evaluate`: which were asked for, and drawing them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from arvae_music.cli import options

from arvae_music.errors import UsageError

if TYPE_CHECKING:
    from arvae_music.data import Corpus
    from matplotlib.figure import Figure

    from arvae_music.control.model import Model


PlotDimensions = Annotated[
    Path | None,
    typer.Option(
        "--plot-dimensions",
        metavar="FILE",
        help="Draw each attribute against its regularized dimension, meter by meter.",
        show_default=False,
    ),
]
PlotSurface = Annotated[
    Path | None,
    typer.Option(
        "--plot-surface",
        metavar="FILE",
        help="Draw the attributes of what is decoded on grids of two regularized dimensions.",
        show_default=False,
    ),
]
PlotTraversal = Annotated[
    Path | None,
    typer.Option(
        "--plot-traversal",
        metavar="FILE",
        help="Draw a measure as each of its regularized dimensions is moved.",
        show_default=False,
    ),
]


@dataclass(frozen=True)
class Pictures:
    """Files to draw to; None where a picture was not asked for."""

    dimensions: Path | None
    surface: Path | None
    traversal: Path | None

    @property
    def options(self) -> dict[str, Path]:
        """The files by the options that named them."""
        named = {
            "--plot-dimensions": self.dimensions,
            "--plot-surface": self.surface,
            "--plot-traversal": self.traversal,
        }
        return {name: path for name, path in named.items() if path is not None}

    def check(self, json: Path | None, *, force: bool) -> None:
        """Refuse files that cannot be written before the work rather than after it.

        Raises:
            UsageError: an extension is no picture's, a file exists and `force` is not given, or one file
                is named twice.
            ArvaeError: matplotlib is not installed.
        """
        from arvae_music.control.picture import check_picture

        seen: dict[Path, str] = {}
        for name, path in self.options.items():
            check_picture(path, force=force)
            options.check_apart(path, "a picture", json)
            if path.resolve() in seen:
                raise UsageError(f"{path} is named for {seen[path.resolve()]} and for {name}")
            seen[path.resolve()] = name

    def draw(self, model: Model, corpus: Corpus, split: str, meters: list[str], *, force: bool) -> None:
        """Draw what was asked for.

        Args:
            model: the model.
            corpus: the corpus with all its splits.
            split: whose measures are shown.
            meters: of the measures; none for all, and for the most frequent where only one is shown.
            force: write over existing files.

        Raises:
            ArvaeError: no measure of the meters can be read, or the model has no regularized attributes.
        """
        if not self.options:
            return
        from arvae_music.evaluation import charts
        from arvae_music.training.traversal import meter_views, surfaces, traversal

        views = meter_views(model.checkpoint, corpus, split, meters)
        shown = views[0] if meters else max(views, key=lambda view: len(view.rows.tokens))

        def dimensions() -> Figure:
            return charts.dimensions_chart([view.scatter for view in views])

        def surface() -> Figure:
            return charts.surface_chart(shown.meter, surfaces(shown))

        def moved() -> Figure:
            return charts.traversal_chart(traversal(shown))

        for path, figure in ((self.dimensions, dimensions), (self.surface, surface), (self.traversal, moved)):
            if path is not None:
                _write(path, figure, force=force)


def _write(path: Path, figure: Callable[[], Figure], *, force: bool) -> None:
    from arvae_music.control.picture import check_picture, saved
    from arvae_music.files import atomic_write

    atomic_write(path, saved(figure, check_picture(path, force=force)), force=force)
