"""`arvae-music evaluate`: what a model gives back, and its edits under a judge."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from arvae_music.cli.errors import run
from arvae_music.cli.evaluate import meter_names

from arvae_music.errors import UsageError

pytestmark = pytest.mark.usefixtures("cache")


METRICS = {
    "interpretability",
    "mig",
    "dmig",
    "modularity",
    "modularity_regularized",
    "sap",
    "spearman",
    "spearman_of_ceiling",
}
SHARES = {"ticks", "measures", "onset_f1"}


@pytest.fixture(scope="module")
def report(model: Path, tunes: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The JSON on the training split, which has measures enough for metrics."""
    folder = tmp_path_factory.mktemp("evaluate")
    args = ["--corpus", str(tunes), "--split", "train", "--json", str(folder / "out.json")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        assert run(["evaluate", str(model), *args]) == 0
    found: dict[str, Any] = json.loads((folder / "out.json").read_text())
    return found


def test_json_has_every_metric_by_meter(model: Path, report: dict[str, Any]) -> None:
    assert (report["model"], report["split"]) == (str(model), "train")
    for part in ("sampled", "mean"):
        assert set(report[part]) == {"all", "4/4"}  # the tunes are all in 4/4
        for entry in report[part].values():
            assert entry.keys() >= METRICS | SHARES | {"count", "nats_per_tick", "nats_per_measure"}
            assert 0 <= entry["measures"] <= entry["ticks"] <= 1
            assert all(isinstance(entry[name], float) for name in METRICS)
        assert report[part]["all"]["mig"] == pytest.approx(report[part]["4/4"]["mig"])
        assert set(report[part]["all"]["attributes"]) == {
            "rhythmic_complexity",
            "pitch_range",
            "note_density",
            "contour",
        }


def test_json_has_the_ceiling_and_the_paper(report: dict[str, Any]) -> None:
    for entry in report["ceiling"].values():
        assert entry.keys() >= METRICS
        assert entry["interpretability"] == pytest.approx(1, abs=0.01)
    paper = report["paper"]
    # Read off the published figures, as the task of comparing has them.
    assert list(paper["folk"]["ar_vae"].values()) == [0.961, 0.478, 0.872, 0.523, 0.987, 0.994]
    assert list(paper["folk"]["beta_vae"].values()) == [0.205, 0.033, 0.866, 0.1, 0.44, 0.9975]
    assert list(paper["bach"]["ar_vae"].values()) == [0.957, 0.163, 0.683, 0.315, 0.976, 0.961]
    assert list(paper["bach"]["beta_vae"].values()) == [0.118, 0.028, 0.715, 0.076, 0.377, 0.991]
    assert "own data and split" in paper["source"]


def test_json_has_the_latent_space_and_samples_of_the_prior(report: dict[str, Any]) -> None:
    latent = report["latent"]["all"]
    assert len(latent["kl_by_dimension"]) == 32
    assert sum(latent["kl_by_dimension"]) == pytest.approx(latent["kl"])
    assert 0 <= latent["active_units"] <= 32
    assert latent["wasserstein"] >= 0
    for part in ("prior_samples", "tune_prior_samples"):
        drawn = report[part]["all"]
        assert 0 <= drawn["legal"] <= 1
        assert 0 <= drawn["attributes"]["contour"]["ks"] <= 1


def test_few_measures_have_no_metrics_and_the_reason(
    model: Path, tunes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.json"
    assert run(["evaluate", str(model), "--corpus", str(tunes), "--json", str(out)]) == 0
    found = json.loads(out.read_text())
    count = found["mean"]["4/4"]["count"]
    assert 0 < count < 50
    assert found["mean"]["4/4"]["mig"] is None
    assert 0 < found["mean"]["4/4"]["ticks"] <= 1
    assert found["mean"]["4/4"]["left_out"] == f"{count} measures, fewer than 50"
    assert f"- no metrics of 4/4: {count} measures, fewer than 50" in capsys.readouterr().out


def test_tables_are_no_wider_than_a_hundred_columns(
    model: Path, tunes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = ["--corpus", str(tunes), "--split", "train"]
    assert run(["evaluate", str(model), str(model / "best.safetensors"), *args]) == 0
    lines = capsys.readouterr().out.splitlines()
    said = [line for line in lines if str(model) not in line]
    assert max(map(len, said)) <= 100
    assert any("MIG" in line and "SAP" in line for line in said)
    assert any(line.split()[:3] == ["paper,", "folk", "AR-VAE"] for line in said)


def test_of_several_models_mean_and_deviation_are_given(model: Path, tunes: Path, tmp_path: Path) -> None:
    from arvae_music.training.checkpoint import load_checkpoint, save_checkpoint

    # A second model that decodes no better than chance.
    other = load_checkpoint(model / "best.safetensors")
    with torch.no_grad():
        other.vae.decoder.output.weight.zero_()
    save_checkpoint(tmp_path / "other.safetensors", other)
    names = [str(model), str(tmp_path / "other.safetensors")]
    out = tmp_path / "out.json"
    args = ["--corpus", str(tunes), "--split", "train", "--json", str(out)]
    assert run(["evaluate", *names, *args]) == 0
    found = json.loads(out.read_text())
    assert found["models"] == names
    assert list(found["each"]) == names
    one, two = (found["each"][name]["mean"]["all"]["ticks"] for name in names)
    assert one != two
    assert found["mean"]["all"]["ticks"] == pytest.approx((one + two) / 2)
    # Of two, the deviation is their distance over the root of 2.
    assert found["spread"]["mean"]["all"]["ticks"] == pytest.approx(abs(one - two) / math.sqrt(2))
    # Both have one encoder.
    assert found["spread"]["mean"]["all"]["mig"] == pytest.approx(0)
    assert found["spread"]["sampled"]["4/4"]["sap"] == pytest.approx(0)


def test_reconstruction_alone(
    model: Path, tunes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, report: dict[str, Any]
) -> None:
    from arvae_music.evaluation import needed

    monkeypatch.setattr(needed, "find_spec", lambda name: None)
    out = tmp_path / "out.json"
    args = ["--corpus", str(tunes), "--split", "train", "--no-metrics", "--json", str(out)]
    assert run(["evaluate", str(model), *args]) == 0
    found = json.loads(out.read_text())
    assert set(found) == {"model", "corpus", "split", "mean"}
    assert found["mean"]["all"].keys() == SHARES | {"count"}
    for name in SHARES:
        assert found["mean"]["all"][name] == pytest.approx(report["mean"]["all"][name])


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ({"sklearn"}, "scikit-learn"),
        ({"scipy"}, "scipy"),
        ({"sklearn", "scipy"}, "scikit-learn and scipy"),
    ],
)
def test_a_missing_package_is_named_with_its_extra(
    model: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    missing: set[str],
    said: str,
) -> None:
    from arvae_music.evaluation import needed

    monkeypatch.setattr(needed, "find_spec", lambda name: None if name in missing else object())
    assert run(["evaluate", str(model)]) == 1
    assert capsys.readouterr().err == (
        f"arvae-music: these metrics need {said}: pip install 'arvae-music[evaluation]' "
        "(--no-metrics measures reconstruction alone)\n"
    )


def test_figures_are_recorded_in_a_checkpoint(model: Path, tunes: Path, tmp_path: Path) -> None:
    from arvae_music.training.checkpoint import load_checkpoint

    path = tmp_path / "own.safetensors"
    path.write_bytes((model / "best.safetensors").read_bytes())
    assert run(["evaluate", str(path), "--corpus", str(tunes), "--record"]) == 0
    recorded = load_checkpoint(path).card["evaluation"]["test"]
    for part in ("mean", "sampled"):
        assert recorded[part]["4/4"].keys() >= SHARES | {"count"}


def test_pictures_of_the_latent_space(model: Path, tunes: Path, tmp_path: Path) -> None:
    names = {"dimensions": "a.png", "surface": "b.svg", "traversal": "c.pdf"}
    given = [word for name, file in names.items() for word in (f"--plot-{name}", str(tmp_path / file))]
    args = ["--corpus", str(tunes), "--no-metrics", "--meters", "4/4"]
    assert run(["evaluate", str(model), *args, *given]) == 0
    for name, start in (("a.png", b"\x89PNG"), ("b.svg", b"<?xml"), ("c.pdf", b"%PDF")):
        assert (tmp_path / name).read_bytes().startswith(start)
    # What is there is not written over.
    assert run(["evaluate", str(model), *args, *given]) == 2


def test_control_measures_edits(
    model: Path,
    tunes: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from arvae_music.control import frontier, ladder

    short = ((("density", "+1"),), (("density", "-1"), ("range", "+2")))
    monkeypatch.setattr(
        ladder.run_ladder, "__kwdefaults__", {**(ladder.run_ladder.__kwdefaults__ or {}), "ladder": short}
    )
    monkeypatch.setattr(frontier, "SMALLER", short[:1])
    out, picture = tmp_path / "out.json", tmp_path / "out.png"
    args = ["--corpus", str(tunes), "--control", "--measures", "3", "--meters", "4/4", "--split", "train"]
    # Of the training split no measure is unknown to it, so there is nothing to edit: no fault, no rows.
    assert run(["evaluate", str(model), *args, "--json", str(out)]) == 0
    assert json.loads(out.read_text())["control"]["requests"] == []
    args[-1] = "test"
    more = ["--frontier", "--plot", str(picture), "--json", str(out), "--force"]
    assert run(["evaluate", str(model), *args, *more]) == 0
    result = json.loads(out.read_text())["control"]
    assert [row["request"] for row in result["requests"]] == ["density +1", "density -1 range +2"]
    for row in result["requests"]:
        assert row["meter"] == "4/4"
        assert list(row["ways"]) == ["moved", "constrained", "without_decoder", "ours"]
        assert row["ways"]["ours"]["exact"] in (1.0, None)
        assert row["ways"]["ours"]["legal"] == 1.0
    assert set(result["swap"]) == {"all", "4/4"}
    assert [point["strength"] for point in result["frontier"]] == [0, 0.2, 0.35, 0.5, 0.65, 0.8, 1]
    assert picture.read_bytes().startswith(b"\x89PNG")
    said = capsys.readouterr().out
    assert "exact" in said
    assert "strength" in said


def test_generated_tunes_stand_beside_real_ones(
    model: Path, tunes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.json"
    args = ["--corpus", str(tunes), "--generation", "--tunes", "2", "--json", str(out)]
    assert run(["evaluate", str(model), *args]) == 0
    (row,) = json.loads(out.read_text())["generation"]
    assert row["meter"] == "4/4"
    assert row["generated"]["tunes"] == 2
    assert row["generated"]["measures"] == 32
    assert row["generated"]["in_key"] == 1.0
    assert row["generated"]["ends_on_tonic"] == 1.0
    assert row["real"]["measures"] == 8 * row["real"]["tunes"]
    assert "generated" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (["--split", "tset"], "--split is 'tset': take one of train, validation, test"),
        (["--meters", "4/4,5/4"], "'5/4' is not one of 4/4, which the model knows"),
        (["--meters", "6/8"], "'6/8' is not one of 4/4"),
        (["--frontier"], "--frontier is about edits: give --control, too"),
        (["--plot", "a.png"], "--plot is about edits: give --control, too"),
        (["--control", "--plot", "a.txt"], "a.txt: a picture is written as .png"),
        (["--plot-surface", "a.txt"], "a.txt: a picture is written as .png"),
        (["--plot-surface", "a.png", "--plot-traversal", "./a.png"], "is named for --plot-surface and for"),
        (["other", "--control"], "--control takes one model, and there are 2"),
        (["other", "--plot-dimensions", "a.png"], "--plot-dimensions takes one model, and there are 2"),
        (["--meters", ""], "--meters"),
        (["--measures", "0"], "--measures"),
        ([], "was trained on files"),
    ],
)
def test_a_wrong_call(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], args: list[str], line: str
) -> None:
    out = tmp_path / "out.json"
    assert run(["evaluate", str(model), *args, "--json", str(out)]) == 2
    said, err = capsys.readouterr()
    assert (said, err.count("\n")) == ("", 1)
    assert line in err
    assert not out.exists()


def test_meters() -> None:
    known = ["4/4", "3/4", "6/8"]
    assert meter_names("6/8, 4/4,6/8", known) == ["6/8", "4/4"]
    assert meter_names(None, known) == known
    with pytest.raises(UsageError, match="'C'"):
        meter_names("C", known)
