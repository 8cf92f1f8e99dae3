"""The chart of the control benchmark: what is drawn where, and the file."""

import math
from pathlib import Path

import numpy as np
import pytest
from matplotlib.lines import Line2D

from arvae_music.control.benchmark import Real, Trial
from arvae_music.control.chart import chart, draw_chart
from arvae_music.control.frontier import FrontierPoint
from arvae_music.control.ladder import LadderRow
from arvae_music.control.ways import WAYS
from arvae_music.errors import UsageError


def row(request: str, meter: str = "all", asked: int = 10) -> LadderRow:
    change = dict.fromkeys(request.split()[::2], 1.0)
    ways = {
        way.name: Trial(asked, 1.0, 1.0 - k / 2, 1.0, 0.9 - k / 10, 0.5, 2.0 + k, 1.0, change, change, {})
        for k, way in enumerate(WAYS)
    }
    return LadderRow(meter, request, 10, Real(2.0, 1.0), ways)


ROWS = [row("density +1"), row("density -1"), row("range +2"), row("density +1 range +2")]
FRONTIER = [
    FrontierPoint(0.0, 0.95, 0.9, 0.2, 1.0, {"density +1": (0.96, 0.1)}),
    FrontierPoint(1.0, 0.75, 0.7, 0.05, 1.0, {"density +1": (0.76, 0.0)}),
]


def points_of(line: Line2D) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in np.asarray(line.get_xydata())]


def test_a_panel_for_each_attribute_for_pairs_and_for_strengths() -> None:
    figure = chart(ROWS, FRONTIER)
    panels = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title(loc="left") for axes in panels] == [
        "density",
        "range",
        "pairs",
        "strength, smaller requests",
    ]
    marks = [points_of(line)[0] for line in panels[1].lines if line.get_marker() != "None"]
    # Ticks kept .9 .8 .7 .6; nats 2 3 4 5 over 2.
    assert marks == [pytest.approx(pair) for pair in ((90, 0), (80, 50), (70, 100), (60, 150))]
    assert [note.get_text() for note in panels[0].texts] == ["+1", "-1"] * 4
    assert [note.get_text() for note in panels[2].texts] == ["d+1 r+2"] * 4
    assert [note.get_text() for note in panels[3].texts] == ["density +1", "0", "1"]
    assert points_of(panels[3].lines[-1]) == [pytest.approx(pair) for pair in ((95, 20), (75, 5))]


def test_marks_are_filled_where_all_is_exact() -> None:
    panel = chart([row("range +2")], []).axes[0]
    faces = [line.get_markerfacecolor() for line in panel.lines if line.get_marker() != "None"]
    assert faces[0] != "white"
    assert faces[1:] == ["white"] * 3


def test_the_file_is_the_same_each_time(tmp_path: Path) -> None:
    rows = [*ROWS, row("contour +3", meter="4/4")]  # one meter's rows are not drawn beside those of all
    one, other = (draw_chart(rows, FRONTIER, tmp_path / name) for name in ("a.png", "b.png"))
    assert one.read_bytes().startswith(b"\x89PNG")
    assert one.read_bytes() == other.read_bytes()
    with pytest.raises(UsageError, match="--force"):
        draw_chart(ROWS, [], one)
    assert draw_chart(ROWS, [], tmp_path / "c.svg").read_text().startswith("<?xml")


def test_nothing_to_draw_is_an_empty_picture(tmp_path: Path) -> None:
    nan = math.nan
    nothing = Trial(0, nan, nan, nan, nan, nan, nan, nan, {"range": nan}, {"range": nan}, {})
    alone = LadderRow("4/4", "range +2", 1, Real(nan, nan), {way.name: nothing for way in WAYS})
    for rows in ([], [alone]):
        assert draw_chart(rows, [], tmp_path / f"{len(rows)}.pdf").read_bytes().startswith(b"%PDF")
