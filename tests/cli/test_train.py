"""`arvae-music train`: a run that can be stopped and resumed, and says what went wrong."""

import inspect
import json
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from arvae_music.cli.errors import run
from arvae_music.cli.train import remade
from arvae_music.cli.train import train as command
from safetensors.torch import load_file

from arvae_music.training.checkpoint import load_checkpoint

pytestmark = pytest.mark.usefixtures("cache")


def test_the_help_shows_the_settings_defaults() -> None:
    from arvae_music.training.settings import TrainingSettings

    parameters = inspect.signature(command).parameters
    for name, value in asdict(TrainingSettings()).items():
        if name == "meters":
            assert (value, parameters[name].default) == ((), None)  # all of them
        elif name != "model":
            assert parameters[name].default == value


def test_a_run_its_result_and_what_comes_after(tunes: Path, tmp_path: Path) -> None:
    folder, report = tmp_path / "run", tmp_path / "report.json"
    train = ["train", str(tunes), "-o", str(folder), "--event-epochs", "1", "--threads", "1"]
    train += ["--listening-epochs", "1", "--copies", "1", "--prior-epochs", "1"]
    assert run([*train, "--epochs", "2", "--jobs", "2", "--json", str(report)]) == 0
    result = json.loads(report.read_text())
    assert result["read"]["formats"] == [{"format": "ABC", "files": 30, "tunes": 30, "measures": 240}]
    assert result["read"]["unread_reasons"] == {"is not a sound MIDI file": 1}
    assert result["checkpoint"] == str(folder / "best.safetensors")
    assert Path(result["checkpoint"]).exists()
    assert result["figures"]["measures"]["epoch"] == 2
    assert 0 <= result["figures"]["measures"]["ticks"] <= 1
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [(line["task"], line["epoch"]) for line in lines] == [
        ("events", 1),
        ("measures", 1),
        ("measures", 2),
        ("copies", 1),
        ("listening", 1),
        ("tunes", 1),
    ]
    # The folder is taken now, by a run of just these settings.
    assert run([*train, "--epochs", "2"]) == 2
    assert run([*train, "--epochs", "3", "--resume"]) == 2
    assert run([*train, "--epochs", "2", "--resume"]) == 0


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (["--epochs", "0"], "--epochs is 0"),
        (["--device", "gpu"], "--device is 'gpu'"),
        (["--preset", "papers"], "--preset is 'papers': take one of default, paper, paper-flat, beta-vae"),
        (["--preset", "paper", "--listening-epochs", "3"], "--listening-epochs is 3"),
        (["--meter", "5/4"], "--meter is '5/4': take one of 4/4, 3/4"),
        (["--meter", "6/8"], "0 measures of 6/8 to train on"),
        (["--epochs", "two"], "--epochs"),
        (["--resume"], "resume"),
    ],
)
def test_a_wrong_call(
    tunes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], args: list[str], line: str
) -> None:
    folder = tmp_path / "run"
    assert run(["train", str(tunes), "-o", str(folder), *args]) in (1, 2)
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert line in err
    assert not folder.exists()


def test_an_empty_folder_trains_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert run(["train", str(tmp_path / "empty"), "-o", str(tmp_path / "run")]) == 1
    assert "empty" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def same_weights(one: Path, other: Path) -> bool:
    mine, theirs = load_file(one), load_file(other)
    return mine.keys() == theirs.keys() and all(torch.equal(mine[name], theirs[name]) for name in mine)


# Starts a command that gives itself a signal in the middle of its third epoch.
HIT = """
import os, signal
from arvae_music.cli import live
from arvae_music.cli.errors import run

# Tests that run in the background are deaf to it, and so are the processes that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
tell = live.Live.step
def step(self, epoch, step, losses, speed):
    tell(self, epoch, step, losses, speed)
    if (self._task, epoch, step) == ("measures", 2, 10):
        os.kill(os.getpid(), {sign})
live.Live.step = step
raise SystemExit(run({args!r}))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_goes_on_as_if_it_had_not_been(
    tunes: Path, tmp_path: Path, sign: signal.Signals
) -> None:
    short = ["--event-epochs", "1", "--epochs", "4", "--batch-size", "16", "--threads", "1"]
    whole, folder = tmp_path / "whole", tmp_path / "run"
    assert run(["train", str(tunes), "-o", str(whole), *short]) == 0
    code = HIT.format(sign=int(sign), args=["train", str(tunes), "-o", str(folder), *short])
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if sign == signal.SIGINT:
        assert (child.returncode, child.stderr.count("\n")) == (130, 1)
        assert "--resume" in child.stderr
    else:
        assert child.returncode == -sign
    # The settings come from the run; where it computes may be named anew.
    resume = ["train", str(tunes), "-o", str(folder), "--resume", "--threads", "1"]
    assert run(resume) == 0
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines if line["task"] == "measures"] == [1, 2, 3, 4]
    assert same_weights(whole / "last.safetensors", folder / "last.safetensors")


def test_several_processes_speak_with_one_voice(tunes: Path, tmp_path: Path) -> None:
    words = ["train", str(tunes), "--device", "cpu", "--devices", "2", "--threads", "1", "--jobs", "1"]
    words += ["--epochs", "1", "--event-epochs", "1", "--listening-epochs", "0", "--prior-epochs", "1"]
    report = tmp_path / "report.json"
    words += ["-o", str(tmp_path / "run"), "--json", str(report)]
    child = subprocess.run(
        [sys.executable, "-m", "arvae_music", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert child.returncode == 0, child.stderr
    lines = child.stdout.splitlines() + child.stderr.splitlines()
    for begin in ("own: ", "event language model, ", "auto-encoder, ", "prior over measures, ", "best "):
        assert len([line for line in lines if line.startswith(begin)]) == 1, begin
    assert "Warning" not in child.stdout + child.stderr
    tasks = [json.loads(line)["task"] for line in (tmp_path / "run" / "metrics.jsonl").open()]
    assert tasks == ["events", "measures", "tunes"]
    assert json.loads(report.read_text())["figures"].keys() == {"events", "measures", "tunes"}


def test_a_resumed_run_keeps_its_settings(
    tunes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    train = ["train", str(tunes), "-o", str(folder)]
    assert run([*train, "--event-epochs", "1", "--epochs", "1", "--beta", "0.5", "--threads", "1"]) == 0
    capsys.readouterr()
    assert run([*train, "--resume"]) == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert "is finished (1 epochs)" in out
    assert run([*train, "--resume", "--beta", "0.5"]) == 0
    assert run([*train, "--resume", "--beta", "0.001"]) == 2  # the default, but said
    assert "the run began with --beta 0.5" in capsys.readouterr().err
    assert run(["train", str(tunes / "00.abc"), "-o", str(folder), "--resume"]) == 2
    assert "another corpus" in capsys.readouterr().err


def test_a_preset_with_settings_on_top_is_measured_edits_and_goes_on(
    tunes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, report, edited = tmp_path / "run", tmp_path / "report.json", tmp_path / "edited.abc"
    train = ["train", str(tunes), "-o", str(folder), "--preset", "paper", "--meter", "C", "--meter", "4/4"]
    assert run([*train, "--epochs", "1", "--event-epochs", "1", "--beta", "0.5", "--threads", "1"]) == 0
    saved = load_checkpoint(folder / "best.safetensors").card["training"]
    assert (saved["preset"], saved["meters"], saved["epochs"], saved["beta"]) == ("paper", ["4/4"], 1, 0.5)
    assert (saved["learning_rate"], saved["model"]["decoder"]) == (1e-4, "feedback")

    held_out = ["--corpus", str(tunes), "--split", "validation"]
    assert run(["evaluate", str(folder), *held_out, "--json", str(report)]) == 0
    assert set(json.loads(report.read_text())["mean"]) == {"all", "4/4"}
    tune = str(tunes / "03.abc")
    assert run(["reconstruct", tune, "-o", str(tmp_path / "back.abc"), "--model", str(folder)]) == 0
    edit = ["interpolate", tune, "--attr", "density", "+1", "-o", str(edited), "--model", str(folder)]
    assert run([*edit, "--json", str(report), "--force"]) == 0
    rows = json.loads(report.read_text())["measures"]
    assert rows
    for row in rows:
        assert row["status"] == "exact"
        assert row["after"]["note_density"] == row["before"]["note_density"] + 1

    capsys.readouterr()
    assert run(["train", str(tunes), "-o", str(folder), "--resume"]) == 0
    assert run([*train, "--resume"]) == 0
    assert run(["train", str(tunes), "-o", str(folder), "--resume", "--preset", "ar-vae"]) == 2
    assert "the run began with --preset paper: leave it out" in capsys.readouterr().err
    assert run(["train", str(tunes), "-o", str(folder), "--resume", "--meter", "6/8"]) == 2
    assert "the run began with --meter 4/4: leave it out" in capsys.readouterr().err


def test_a_single_short_tune_trains(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # Two measures: fewer than a batch, and nothing is left to validate on.
    (tmp_path / "one.abc").write_text("X:1\nT:One\nM:4/4\nL:1/8\nK:C\nCDEF GABc|cBAG FEDC|]\n")
    folder, report = tmp_path / "run", tmp_path / "report.json"
    train = ["train", str(tmp_path / "one.abc"), "-o", str(folder), "--json", str(report)]
    train += ["--prior-epochs", "0"]  # it would be in the best checkpoint alone
    assert run([*train, "--event-epochs", "1", "--epochs", "2", "--threads", "1"]) == 0
    assert "none to validate" in capsys.readouterr().out
    assert "ticks" not in json.loads(report.read_text())["figures"]["measures"]
    assert same_weights(folder / "best.safetensors", folder / "last.safetensors")
    # One line says that there is nothing to evaluate on, and where the model may be tried.
    assert run(["evaluate", str(folder)]) == 2
    assert "--corpus" in capsys.readouterr().err
    assert run(["evaluate", str(folder), "--corpus", str(tmp_path / "one.abc")]) == 1
    assert "test split" in capsys.readouterr().err
    assert run(["evaluate", str(folder), "--corpus", str(tmp_path / "one.abc"), "--split", "train"]) == 0


def test_without_the_device_nothing_is_made(
    tunes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert run(["train", str(tunes), "-o", str(tmp_path / "run"), "--device", "cuda"]) == 2
    assert "--device cpu" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_where_a_run_cannot_be(tunes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("mine")
    for folder in (tmp_path / "file", tmp_path / "file" / "run"):
        assert run(["train", str(tunes), "-o", str(folder)]) == 1
        assert capsys.readouterr().err.count("\n") == 1
    assert (tmp_path / "file").read_text() == "mine"


def test_the_command_in_the_card_names_no_place() -> None:
    words = ["train", "folk", "--epochs", "2", "-o", "/home/me/run", "--json", "out.json", "--resume"]
    words += ["--jobs", "8", "--dask=tcp://host:8786"]
    assert remade(words) == "arvae-music train folk --epochs 2"
