"""`arvae-music train`: a run that can be stopped and resumed, and says what went wrong."""

import inspect
import json
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import pytest
from arvae_music.cli.errors import run
from arvae_music.cli.train import train as command

pytestmark = pytest.mark.usefixtures("cache")


def test_the_help_shows_the_settings_defaults() -> None:
    from arvae_music.training.settings import TrainingSettings

    parameters = inspect.signature(command).parameters
    for name, value in asdict(TrainingSettings()).items():
        if name != "model":
            assert parameters[name].default == value


def test_a_run_its_result_and_what_comes_after(tunes: Path, tmp_path: Path) -> None:
    folder, report = tmp_path / "run", tmp_path / "report.json"
    train = ["train", str(tunes), "-o", str(folder), "--event-epochs", "1", "--threads", "1"]
    assert run([*train, "--epochs", "2", "--json", str(report)]) == 0
    result = json.loads(report.read_text())
    assert result["checkpoint"] == str(folder / "best.safetensors")
    assert Path(result["checkpoint"]).exists()
    assert result["figures"]["measures"]["epoch"] == 2
    assert 0 <= result["figures"]["measures"]["ticks"] <= 1
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [(line["task"], line["epoch"]) for line in lines] == [
        ("events", 1),
        ("measures", 1),
        ("measures", 2),
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


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_goes_on(tunes: Path, tmp_path: Path, sign: signal.Signals) -> None:
    folder = tmp_path / "run"
    args = ["train", str(tunes), "-o", str(folder), "--event-epochs", "1", "--epochs", "6", "--threads", "1"]
    code = f"from arvae_music.cli.errors import run; raise SystemExit(run({args!r}))"
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert child.stderr is not None
    deadline = time.monotonic() + 60
    while not (folder / "best.safetensors").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    child.send_signal(sign)
    said, code_left = child.stderr.read(), child.wait()
    if sign == signal.SIGINT:
        assert (code_left, said.count("\n")) == (130, 1)
        assert "--resume" in said
    assert run([*args, "--resume"]) == 0
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    epochs = [line["epoch"] for line in lines if line["task"] == "measures"]
    assert epochs[-1] == 6
    assert sorted(set(epochs)) == [1, 2, 3, 4, 5, 6]
