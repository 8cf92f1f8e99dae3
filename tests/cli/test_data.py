"""`arvae-music data`."""

import json
from pathlib import Path

import pytest
from arvae_music.cli.errors import run


def test_list_names_the_corpora_and_their_licences(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "list", "--json", "-"]) == 0
    cards = json.loads(capsys.readouterr().out)["corpora"]
    assert {card["name"] for card in cards} == {"folk", "bach"}
    assert all(card["licence"] and card["source"] for card in cards)
    assert run(["data", "list"]) == 0
    shown = capsys.readouterr().out
    assert all(card["licence"] in shown for card in cards)


@pytest.mark.usefixtures("cache")
def test_show_counts_what_is_there(tunes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "show", str(tunes), "--json", "-"]) == 0
    result = json.loads(capsys.readouterr().out)
    # Thirty tunes of eight measures, whatever the splits.
    assert result["tunes"] == 30
    assert sum(result["tunes_by_split"].values()) == 30
    assert sum(result["meters"]["4/4"]["measures"].values()) == 240
    assert [Path(row["path"]).name for row in result["unread"]] == ["broken.mid"]
    assert run(["data", "show", str(tunes)]) == 0
    shown = capsys.readouterr().out
    assert "30 tunes" in shown
    assert "broken.mid" in shown


def test_prepare_keeps_it_in_the_cache(tunes: Path, cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "prepare", str(tunes)]) == 0
    assert "240 measures" in capsys.readouterr().out
    assert list(cache.rglob("*.npz"))


@pytest.mark.usefixtures("cache")
def test_prepare_says_what_was_read_and_what_was_not(tunes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "prepare", str(tunes), "--jobs", "2", "--json", "-"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["formats"] == [{"format": "ABC", "files": 30, "tunes": 30, "measures": 240}]
    assert result["skipped"] == {}
    assert result["unread_reasons"] == {"is not a sound MIDI file": 1}
    (unread,) = result["unread"]
    assert unread["path"] == "broken.mid"
    assert unread["reason"].startswith("is not a sound MIDI file (")
    # The second time it comes from the cache, and says the same.
    assert run(["data", "prepare", str(tunes)]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["30", "30", "240", "ABC"] in lines
    assert ["1", "files", "and", "tunes", "is", "not", "a", "sound", "MIDI", "file"] in lines


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize(
    ("args", "code", "line"),
    [
        (["--jobs", "0"], 2, "--jobs is 0"),
        (["--jobs", "2", "--dask", "tcp://127.0.0.1:1"], 2, "give one of them"),
        (["--dask", "here"], 2, "tcp://HOST:8786"),
    ],
)
def test_workers_that_cannot_be(
    tunes: Path, args: list[str], code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["data", "prepare", str(tunes), *args]) == code
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert line in err


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("command", ["prepare", "show"])
def test_a_corpus_that_is_none(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", command, "flok"]) == 2
    assert "folk" in capsys.readouterr().err
    empty = tmp_path / "empty"
    empty.mkdir()
    assert run(["data", command, str(empty)]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "empty" in err


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize(
    ("names", "code", "line"),
    [
        (["flok"], 2, "no corpus 'flok'"),
        (["folk", "bach"], 2, "name it alone"),
        (["nowhere/"], 1, "does not exist"),
    ],
)
def test_a_corpus_that_is_not(
    names: list[str], code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["data", "show", *names]) == code
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert line in err
