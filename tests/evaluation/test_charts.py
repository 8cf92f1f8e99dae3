"""Pictures of the latent space: what is shown where."""

from io import BytesIO

import numpy as np
import pytest
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure

from arvae_music.evaluation.charts import (
    MOST_POINTS,
    Scatter,
    Surface,
    Traversal,
    dimensions_chart,
    note_spans,
    surface_chart,
    traversal_chart,
)
from tests.music import HOLD, REST, row

NAMES = ("note_density", "contour")


def drawn(figure: Figure) -> bytes:
    out = BytesIO()
    figure.savefig(out, format="png", dpi=40)
    return out.getvalue()


def test_notes_of_a_measure_by_hand() -> None:
    # 4/4: ticks 0, 3 and 6 are at 0, 1/2 and 1; tick 12 at 2. The rest at tick 6 ends the second note.
    tokens = row("4/4", {0: 60, 3: 62, 6: REST, 12: 64})
    assert note_spans(tokens, "4/4") == [(60, 0, 0.5), (62, 0.5, 1), (64, 2, 4)]
    # 6/8: ticks are sixteenths, and the measure is 3 quarters long. What is tied in is not shown.
    assert note_spans(row("6/8", {0: HOLD, 2: 67}), "6/8") == [(67, 0.5, 3)]
    assert note_spans(row("3/4", {0: REST}), "3/4") == []
    assert note_spans(row("3/4", {}), "3/4") == []  # held from the measure before


def test_a_panel_for_each_attribute_and_meter() -> None:
    generator = np.random.default_rng(0)
    values = generator.integers(0, 9, (4000, 2)).astype(np.float64)
    one = Scatter("4/4", NAMES, values, values * [2, -1])
    constant = Scatter("6/8", NAMES, np.ones((1, 2)), np.zeros((1, 2)))
    figure = dimensions_chart([one, constant])
    assert len(figure.axes) == 4
    assert [axes.get_title("left") for axes in figure.axes] == ["4/4", "6/8", "", ""]
    assert [axes.get_title("right") for axes in figure.axes] == ["R² 1.000", "", "R² 1.000", ""]
    (points,) = figure.axes[2].collections
    places = np.asarray(points.get_offsets(), np.float64)
    assert len(places) <= MOST_POINTS
    assert places[1].tolist() == [-values[3, 1], values[3, 1]]  # every third of 4,000
    assert drawn(figure).startswith(b"\x89PNG")


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_surface_for_each_attribute(count: int) -> None:
    values = np.arange(12.0).reshape(3, 4)
    surfaces = [Surface("contour", "note_density", np.arange(4.0), np.arange(3.0), values)] * count
    figure = surface_chart("4/4", surfaces)
    meshes = [c for axes in figure.axes for c in axes.collections if isinstance(c, QuadMesh)]
    colours = [np.asarray(mesh.get_array(), np.float64).ravel() for mesh in meshes]
    shown = [array.tolist() for array in colours if array.size == 12]
    assert shown == [list(range(12))] * count
    assert drawn(figure).startswith(b"\x89PNG")


def test_a_traversal_begins_with_the_measure_itself() -> None:
    source = row("6/8", {0: 60, 6: 64})
    moved = np.stack([np.stack([row("6/8", {0: 60 + step, 6: 64, 9: 65})] * 2) for step in (0, 1, 2)], axis=1)
    figure = traversal_chart(
        Traversal(
            meter="6/8",
            names=NAMES,
            source=source,
            source_values=np.array([2.0, 4]),
            places=np.array([[-1.0, 0, 1]] * 2),
            tokens=moved,
            values=np.array([[3.0, 3, 3], [5, 4, -3]]),
        )
    )
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["2", "3", "3", "3", "4", "5", "4", "\N{MINUS SIGN}3"]
    assert [len(axes.patches) for axes in figure.axes] == [2, 3, 3, 3, 2, 3, 3, 3]
    assert [axes.get_ylabel() for axes in (figure.axes[0], figure.axes[4])] == ["density", "contour"]
    assert drawn(figure).startswith(b"\x89PNG")


def test_a_traversal_without_notes_can_be_drawn() -> None:
    silent = row("6/8", {0: REST})
    nothing = Traversal(
        "6/8", NAMES[:1], silent, np.zeros(1), np.zeros((1, 1)), silent[None, None], np.zeros((1, 1))
    )
    assert drawn(traversal_chart(nothing)).startswith(b"\x89PNG")
