"""`--attr NAME CHANGE`: two words, repeatable, with values that look like options."""

from typing import Annotated

import pytest
import typer
from arvae_music.cli.options import Attr
from arvae_music.cli.pairs import Pair, PairsCommand, split
from typer.main import get_command


@pytest.fixture
def call() -> "Call":
    return Call()


class Call:
    """A command with the option, and what it was last given."""

    def __init__(self) -> None:
        self.app = typer.Typer()
        self.app.command(cls=PairsCommand)(self._command)
        self.pairs: list[Pair] = []
        self.file = ""
        self.steps = 0

    def _command(
        self,
        file: str,
        attr: Attr = None,
        steps: Annotated[int, typer.Option("--steps", "-n")] = 1,
    ) -> None:
        self.pairs, self.file, self.steps = split(attr), file, steps

    def __call__(self, *args: str) -> list[Pair]:
        get_command(self.app).main(args=list(args), standalone_mode=False)
        return self.pairs


@pytest.mark.parametrize(
    "value", ["+2", "-2", "8", "=-3", "=8", "+1.5sd", "-0.05", "-1.5sd", "-.05", "a b", "-", ""]
)
def test_any_word_is_a_value(call: Call, value: str) -> None:
    assert call("in.mid", "--attr", "density", value) == [("density", value)]
    assert call.file == "in.mid"


def test_it_repeats_in_order_and_stands_anywhere(call: Call) -> None:
    args = ["--attr", "density", "-2", "-n", "4", "in.mid", "--attr", "contour", "=-3"]
    assert call(*args) == [("density", "-2"), ("contour", "=-3")]
    assert (call.file, call.steps) == ("in.mid", 4)


def test_an_equals_sign_joins_the_first_word(call: Call) -> None:
    assert call("--attr=density", "-2", "in.mid") == [("density", "-2")]


def test_none_is_none(call: Call) -> None:
    assert call("in.mid") == []


def test_two_dashes_end_the_options(call: Call) -> None:
    assert call("--attr", "density", "+2", "--", "--attr") == [("density", "+2")]
    assert call.file == "--attr"


@pytest.mark.parametrize(
    ("args", "got"),
    [
        (["--attr"], "got none"),
        (["--attr", "density"], "got density"),
        (["--attr", "density", "+2", "--attr"], "got none"),
        (["--attr", "--steps", "2"], "got --steps"),
        (["--attr", "density", "--steps", "2"], "got density --steps"),
        (["--attr", "density", "-n", "2"], "got density -n"),
        (["--attr=density"], "got density"),
    ],
)
def test_fewer_words_are_a_wrong_call(call: Call, args: list[str], got: str) -> None:
    with pytest.raises(typer.BadParameter, match="--attr takes two words, NAME CHANGE") as error:
        call("in.mid", *args)
    assert got in str(error.value)
