"""Tables and remarks: nothing is cut, nothing is said twice."""

import io

import pytest
from arvae_music.cli import show
from arvae_music.cli.live import fitting
from rich.console import Console

from arvae_music.formats import Notice


def terminal(monkeypatch: pytest.MonkeyPatch, width: int) -> io.StringIO:
    """What a terminal of so many columns gets, without colours."""
    file = io.StringIO()
    console = Console(file=file, width=width, force_terminal=True, no_color=True, color_system=None)
    monkeypatch.setattr(show, "console", lambda: console)
    return file


@pytest.mark.parametrize(
    ("places", "said"),
    [
        ([3], "measure 3"),
        ([1, 2], "measures 1-2"),
        ([1, 2, 3, 4, 7], "measures 1-4, 7"),
        ([0, 0, 2], "measures 0, 2"),
        ([7, (8, 0), 10, 11, (12, 9), 13], "measures 7, 8+0, 10-11, 12+9, 13"),
        ([(8, 0)], "measure 8+0"),
    ],
)
def test_a_list_of_measures(places: list[int | tuple[int, int]], said: str) -> None:
    found = [show.Place(at) if isinstance(at, int) else show.Place(*at) for at in places]
    assert show.measure_list(found) == said


def test_the_same_notice_of_many_measures_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    show.notices(
        [
            Notice("pickup", "a pickup of 1/8"),
            Notice("chromatic", "C#5 is new", 1),
            Notice("chromatic", "G#5 is new", 2),
            Notice("chromatic", "C#5 is new", 4),
            Notice("chromatic", "C#5 is new", 5),
        ]
    )
    assert capsys.readouterr().out.splitlines() == [
        "- a pickup of 1/8",
        "- measures 1, 4-5: C#5 is new",
        "- measure 2: G#5 is new",
    ]


@pytest.mark.parametrize("width", [30, 60, 80, 200])
def test_no_number_is_cut_in_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    file = terminal(monkeypatch, width)
    table = show.new_table("a title that is longer than thirty columns", ["measure", "density"], ["status"])
    table.add_row("16+0", "7 → 16, not 30", "nearest")
    show.show(table)
    title, *rows = file.getvalue().splitlines()
    assert title == "a title that is longer than thirty columns"
    assert any(row.split() == ["measure", "density", "status"] for row in rows)
    assert any(row.split() == ["16+0", "7", "→", "16,", "not", "30", "nearest"] for row in rows)


def test_long_reasons_are_wrapped_and_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    file = terminal(monkeypatch, 40)
    table = show.new_table("", ["count"], ["reason"])
    words = [f"word{i}" for i in range(20)]
    table.add_row("1,234", " ".join(words))
    show.show(table)
    assert file.getvalue().split()[-20:] == ["word0", "word1", "word2", *words[3:]]
    assert max(map(len, file.getvalue().splitlines())) <= 40


def test_a_live_line_takes_the_figures_that_fit_whole() -> None:
    figures = ["epoch 1/30", "9,000 measures/s", "loss 7.6700"]  # 10, 16 and 11 columns, and two between
    assert fitting(figures, 41) == "epoch 1/30  9,000 measures/s  loss 7.6700"
    assert fitting(figures, 40) == "epoch 1/30  9,000 measures/s"
    assert fitting(figures, 27) == "epoch 1/30"
    assert fitting(figures, 9) == ""
