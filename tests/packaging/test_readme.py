"""What the README tells people to type works as it stands there."""

import importlib.util
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from arvae_music.cli.app import app
from arvae_music.cli.errors import run
from typer.main import get_command

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
PRETRAINED = ROOT / "arvae_music" / "pretrained"


def fences(language: str) -> list[str]:
    """The blocks of code in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def words_of(text: str) -> list[list[str]]:
    """The calls of `arvae-music` in lines of a shell, without that word."""
    lines = text.replace("\\\n", " ").splitlines()
    calls = [shlex.split(part, comments=True) for line in lines for part in line.split("&&")]
    return [words[1:] for words in calls if words[:1] == ["arvae-music"]]


CALLS = words_of("".join(fences("sh")))
IN_TEXT = words_of("\n".join(re.findall(r"`(arvae-music [^`\n]+)`", README)))


EPOCHS = [f"--{name}={count}" for name, count in
          (("epochs", 1), ("event-epochs", 1), ("listening-epochs", 1), ("prior-epochs", 1))]  # fmt: skip


def a_book() -> Path:
    """Fifty tunes in the usual meters: enough for every split to have some of each."""
    spec = importlib.util.find_spec("music21")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "corpus" / "oneills1850" / "0001-0050.abc"


def on_folk(words: list[str]) -> bool:
    """Whether a call reads the folk corpus, or trains on it."""
    return words[0] in ("train", "evaluate", "data") and "folk" in words


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the examples where a clone has them, and tunes of one's own."""
    assert (PRETRAINED / "folk.safetensors").is_file()
    examples = tmp_path / "work" / "data" / "examples"
    shutil.copytree(ROOT / "data" / "examples", examples)
    (tmp_path / "work" / "my-tunes").mkdir()
    for tune in [*examples.glob("*.abc"), a_book()]:
        shutil.copy(tune, tmp_path / "work" / "my-tunes")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def test_there_is_something_to_test() -> None:
    assert len(CALLS) >= 8
    assert len(fences("python")) == 2


@pytest.mark.parametrize("words", CALLS + IN_TEXT, ids=" ".join)
def test_a_call_is_understood(words: list[str]) -> None:
    command, rest = get_command(app), list(words)
    while hasattr(command, "commands"):
        command = command.commands[rest.pop(0)]
    if rest != ["--help"]:
        command.make_context("arvae-music", rest)  # reads the options and does nothing


@pytest.mark.usefixtures("place")
def test_the_tour(capsys: pytest.CaptureFixture[str]) -> None:
    # In their order, as later calls take what earlier ones made; training is short, and on few tunes.
    for words in CALLS:
        call = words
        if words[0] == "train":
            call = ["my-tunes" if word == "folk" else word for word in words]
            # A preset says itself what it trains besides.
            call += [*(EPOCHS[:2] if "--preset" in words else EPOCHS), "--copies", "1", "--threads", "1"]
        elif words[:2] == ["images", "train"]:
            call = [*words, "--epochs", "1", "--images", "256", "--threads", "1"]
        elif on_folk(words):
            continue
        code = run(call)
        assert code == 0, f"arvae-music {shlex.join(words)}: {capsys.readouterr().err}"


@pytest.mark.usefixtures("place")
def test_the_first_screen_shows_what_comes_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words_of(fences("sh")[0])[0]) == 0
    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    told = [line.split() for line in fences("text")[0].splitlines() if "…" not in line and "─" not in line]
    assert len(told) == 4
    assert [line for line in told if line not in printed] == []


@pytest.mark.slow
@pytest.mark.usefixtures("place")
def test_the_tour_to_the_letter(capsys: pytest.CaptureFixture[str]) -> None:
    for words in CALLS:
        assert run(words) == 0, f"arvae-music {shlex.join(words)}: {capsys.readouterr().err}"


def test_the_python_block(place: Path) -> None:
    block = fences("python")[0]
    shapes = re.findall(r"\[(\d+), (\d+)\]", block)  # what its comments say of latents.z and of tokens
    code = block + "\nprint('shapes', *latents.z.shape, *tokens.shape)\n"
    child = subprocess.run(
        [sys.executable, "-c", code], cwd=place, capture_output=True, text=True, check=False
    )
    assert child.returncode == 0, child.stderr
    assert child.stdout.splitlines()[-1].split() == [
        "shapes",
        *(number for pair in shapes for number in pair),
    ]
    assert (place / "jig-edited.mid").is_file()


def test_the_python_block_of_images(place: Path) -> None:
    block = fences("python")[1]
    child = subprocess.run(
        [sys.executable, "-c", block], cwd=place, capture_output=True, text=True, check=False
    )
    assert child.returncode == 0, child.stderr
    assert -1 <= float(child.stdout) <= 1
    assert (place / "walk.png").read_bytes().startswith(b"\x89PNG")
    assert (place / "quick" / "best.safetensors").is_file()


def test_continuous_integration_installs_and_tests_as_it_says() -> None:
    told = re.search(r"^Tests: `(.+) && (.+)`$", README, flags=re.MULTILINE)
    assert told is not None
    script = (ROOT / ".ci" / "run").read_text()
    assert told[1].removeprefix("pip install ") in script
    assert told[2] in script.splitlines()
