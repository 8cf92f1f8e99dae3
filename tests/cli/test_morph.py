"""`arvae-music morph`: a folder of tunes, a report, and one line where it cannot be."""

import json
from pathlib import Path

import pytest
from arvae_music.cli.errors import run

from arvae_music import attributes, read

pytestmark = pytest.mark.usefixtures("cache")

PLAIN = "X:1\nT:Plain\nM:4/4\nL:1/8\nK:C\nC4 E4|G4 E4|C4 G4|C8|]\n"
BUSY = "X:1\nT:Busy\nM:4/4\nL:1/8\nK:C\ncBAG FEDC|CEGE cGEC|cdcB AGFE|c2G2 E2C2|]\n"
WALTZ = "X:1\nT:Waltz\nM:3/4\nL:1/8\nK:C\nC2 E2 G2|C2 G2 E2|]\n"


@pytest.fixture
def plain(work: Path) -> Path:
    """A tune in the working folder, with another and a waltz beside it, and the three as a book."""
    for name, text in (("plain", PLAIN), ("busy", BUSY), ("waltz", WALTZ)):
        (work / f"{name}.abc").write_text(text)
    book = [text.replace("X:1", f"X:{k}") for k, text in enumerate((PLAIN, WALTZ, BUSY), start=1)]
    (work / "book.abc").write_text("\n".join(book))
    return work / "plain.abc"


def notes(path: Path, tune: int | None = None) -> list[float]:
    return [row.values["note_density"] for row in attributes(read(path, tune=tune))]


def test_a_folder_of_tunes_and_a_report(model: Path, plain: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call = ["morph", "plain.abc", "busy.abc", "--steps", "4", "-o", "way", "--model", str(model)]
    assert run([*call, "--json", "report.json", "--seed", "2"]) == 0
    out = capsys.readouterr().out
    assert "4 tunes; wrote way/01.abc to 04.abc" in out
    names = [Path("way") / f"0{k}.abc" for k in (1, 2, 3, 4)]
    assert sorted(Path("way").iterdir()) == names
    assert names[0].read_text() == PLAIN
    assert names[-1].read_text() == BUSY
    # From 2, 2, 2 and 1 notes to 8, 8, 8 and 4, in thirds of the way.
    assert [notes(name) for name in names] == [[2, 2, 2, 1], [4, 4, 4, 2], [6, 6, 6, 3], [8, 8, 8, 4]]
    assert read(names[1]).melody.title == "Plain"
    assert read(names[2]).melody.title == "Busy"
    report = json.loads(Path("report.json").read_text())
    assert (report["a"], report["b"], report["seed"]) == ("plain.abc", "busy.abc", 2)
    assert [step["output"] for step in report["steps"]] == [str(name) for name in names]
    assert [step["attributes"]["note_density"] for step in report["steps"]] == [1.75, 3.5, 5.25, 7]
    assert {row["status"] for step in report["steps"] for row in step["measures"]} <= {"exact", "nearest"}
    before = [name.read_bytes() for name in names]
    assert run([*call, "--seed", "2"]) == 2
    assert "way has files in it: give another name, or --force" in capsys.readouterr().err
    assert run([*call, "--seed", "2", "--force"]) == 0
    assert [name.read_bytes() for name in names] == before


@pytest.mark.parametrize("suffix", ["mid", "musicxml"])
def test_two_formats(model: Path, plain: Path, suffix: str) -> None:
    assert run(["convert", "busy.abc", f"busy.{suffix}"]) == 0
    call = ["morph", "plain.abc", f"busy.{suffix}", "--steps", "4", "--model", str(model)]
    assert run([*call, "-o", "way"]) == 0
    assert run([*call, "-o", "other", "--format", suffix]) == 0
    assert sorted(path.name for path in Path("other").iterdir()) == [f"0{k}.{suffix}" for k in (1, 2, 3, 4)]
    for k in (1, 2, 3, 4):
        one, other = read(Path(f"way/0{k}.abc")), read(Path(f"other/0{k}.{suffix}"))
        assert one.melody.notes == other.melody.notes
    assert read("way/04.abc").melody.notes == read("busy.abc").melody.notes


def test_two_tunes_of_a_book(model: Path, plain: Path) -> None:
    call = ["morph", "--steps", "3", "--model", str(model), "-o"]
    assert run([*call, "way", "book.abc", "book.abc", "--tune", "1", "--tune", "3"]) == 0
    # Each is the book with one of its tunes changed.
    assert [notes(Path(f"way/0{k}.abc"), tune=k) for k in (1, 3)] == [[2, 2, 2, 1], [8, 8, 8, 4]]
    assert run(["convert", "busy.abc", "busy.mid"]) == 0
    assert run([*call, "other", "busy.mid", "book.abc", "--tune", "1"]) == 0  # said of the book alone
    assert notes(Path("other/03.mid")) == [2, 2, 2, 1]


@pytest.mark.parametrize(
    ("args", "code", "line"),
    [
        (["waltz.abc"], 1, "plain.abc and waltz.abc: A is in 4/4, B in 3/4: take tunes in one meter"),
        (["busy.abc", "--steps", "1"], 2, "1 steps: give 2 to 1000; the first tune is A"),
        (["busy.abc", "--strength", "2"], 2, "strength 2: give a number from 0"),
        (["busy.abc", "--format", "wav"], 2, "has the extension '.wav': name a file that ends in"),
        (["busy.abc", "--tune", "1", "--tune", "1", "--tune", "1"], 2, "--tune is given 3 times"),
        (["busy.abc", "--json", "way/01.abc"], 2, "its folder way does not exist"),
        (["nobody.abc"], 1, "nobody.abc does not exist"),
        (["busy.abc", "-o", "plain.abc"], 2, "plain.abc is a file: give the name of a folder"),
        (["busy.abc", "-o", "no/way"], 2, "its folder no does not exist: make it first"),
        (["busy.abc", "--model", "nobody"], 1, "there is no model 'nobody'"),
    ],
)
def test_what_cannot_be_is_one_line(
    model: Path, plain: Path, capsys: pytest.CaptureFixture[str], args: list[str], code: int, line: str
) -> None:
    before = sorted(plain.parent.rglob("*"))
    call = ["morph", "plain.abc", "-o", "way", "--model", str(model), *args]
    assert run(call) == code
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert line in err
    assert sorted(plain.parent.rglob("*")) == before
