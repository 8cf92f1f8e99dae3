"""Reports on checkpoints: what is counted by meter, left out, and repeated with a seed."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from arvae_music.data import load_corpus

from arvae_music.control.model import bundled, load_model
from arvae_music.errors import ArvaeError
from arvae_music.evaluation.metrics import METRICS
from arvae_music.model import ModelSettings
from arvae_music.model.calibration import Calibration, Line
from arvae_music.training.checkpoint import Checkpoint
from arvae_music.training.coding import decoded, encoded
from arvae_music.training.evaluate import Report, report_on
from arvae_music.training.readable import readable_measures
from arvae_music.training.tasks import Measures
from arvae_music.training.traversal import STEPS, MeterView, meter_views, surfaces, traversal
from tests.fakes import TINY, Entry, corpus_of, random_measure, tiny_events, tiny_vae

LINE = Line((0.0, 1.0), (0.0, 1.0), 0.5, 0.5)
KNOWN = Calibration({name: {"contour": LINE} for name in ("4/4", "6/8", "3/4")})
FEEDS_BACK = replace(TINY, reading=0, decoder="feedback", encoder="ticks", layers=2)


def tiny_checkpoint(settings: ModelSettings = TINY) -> Checkpoint:
    return Checkpoint(tiny_vae(settings=settings), tiny_events(), settings, KNOWN)


def entries(meter: str, count: int, split: str) -> list[Entry]:
    generator = np.random.default_rng(count)
    measures = [random_measure(meter, generator) for _ in range(count)]
    return [
        Entry(meter, {t: int(v) for t, v in enumerate(tokens) if v >= 0}, tune=0, bar=i, split=split)
        for i, tokens in enumerate(measures)
    ]


CORPUS = corpus_of(entries("4/4", 60, "test") + entries("6/8", 20, "test") + entries("4/4", 40, "train"))


@pytest.fixture(scope="module")
def report() -> Report:
    return report_on(tiny_checkpoint(), CORPUS, "test")


def test_every_part_has_every_meter(report: Report) -> None:
    for part in (report.sampled, report.mean, report.latent, report.prior_samples, report.ceiling):
        assert {meter: entry["count"] for meter, entry in part.items()} == {"all": 80, "4/4": 60, "6/8": 20}


def test_few_measures_have_no_metrics_but_are_given_back(report: Report) -> None:
    for part in (report.sampled, report.mean, report.ceiling):
        assert part["6/8"]["left_out"] == "20 measures, fewer than 50"
        assert part["all"]["left_out"] == "6/8: 20 measures, fewer than 50"
        assert "left_out" not in part["4/4"]
        assert all(math.isnan(part["6/8"][name]) for name in METRICS)
        for name in METRICS:
            assert part["all"][name] == pytest.approx(part["4/4"][name], nan_ok=True)
    for part in (report.sampled, report.mean):
        for name in ("ticks", "measures", "onset_f1", "nats_per_tick", "nats_per_measure"):
            expected = (60 * part["4/4"][name] + 20 * part["6/8"][name]) / 80
            assert part["all"][name] == pytest.approx(expected)


def test_a_perfect_encoder_is_best(report: Report) -> None:
    ceiling = report.ceiling["4/4"]
    assert ceiling["interpretability"] == pytest.approx(1, abs=1e-6)
    assert ceiling["spearman_of_ceiling"] == pytest.approx(1, abs=1e-3)
    for part in (report.sampled, report.mean):
        for name in ("interpretability", "spearman", "dmig"):
            assert part["4/4"][name] <= ceiling[name]


def test_each_attribute_has_its_figures(report: Report) -> None:
    attributes = report.mean["4/4"]["attributes"]
    assert list(attributes) == list(TINY.attributes)
    assert set(report.prior_samples["4/4"]["attributes"]["contour"]) == {
        "wasserstein",
        "ks",
        "train_wasserstein",
        "train_ks",
    }


def test_without_other_measures_to_train_on_there_is_no_distance_from_them() -> None:
    found = report_on(tiny_checkpoint(), CORPUS, "train").prior_samples["all"]["attributes"]["contour"]
    assert math.isnan(found["train_ks"])
    assert not math.isnan(found["ks"])


def test_a_model_of_no_attributes() -> None:
    settings = replace(TINY, attributes=())
    found = report_on(tiny_checkpoint(settings), CORPUS, "test")
    assert found.mean["4/4"]["left_out"] == "the model has no regularized attributes"
    assert found.mean["4/4"]["attributes"] == {}
    assert found.latent["all"]["kl"] >= 0
    with pytest.raises(ArvaeError, match="no regularized attributes"):
        meter_views(tiny_checkpoint(settings), CORPUS, "test")


def test_the_seed_decides_what_is_drawn(report: Report) -> None:
    def likelihood(found: Report) -> Any:
        return found.sampled["all"]["nats_per_tick"], found.mean["all"]["nats_per_tick"]

    again, other = (report_on(tiny_checkpoint(), CORPUS, "test", seed=seed) for seed in (0, 1))
    assert likelihood(again) == likelihood(report)
    assert likelihood(other)[0] != likelihood(report)[0]
    assert likelihood(other)[1] == likelihood(report)[1]


ROWS = readable_measures(tiny_checkpoint(), CORPUS, "test")


@pytest.mark.parametrize("settings", [TINY, FEEDS_BACK])
def test_coding_does_not_depend_on_batches(settings: ModelSettings) -> None:
    checkpoint = tiny_checkpoint(settings)
    whole, parts = (encoded(checkpoint, ROWS, 3, batch_size) for batch_size in (100, 7))
    for one, other in zip(whole, parts, strict=True):
        assert one == pytest.approx(other, abs=1e-5)
    whole_decoded, parts_decoded = (decoded(checkpoint, whole.mean, ROWS, size) for size in (100, 7))
    assert whole_decoded.tokens.tolist() == parts_decoded.tokens.tolist()
    assert whole_decoded.log_probabilities == pytest.approx(parts_decoded.log_probabilities, abs=1e-4)


def test_a_draw_has_the_spread_of_the_posterior() -> None:
    z = encoded(tiny_checkpoint(), ROWS, 0)
    noise = (z.sampled - z.mean) / z.std
    assert noise.mean() == pytest.approx(0, abs=0.2)
    assert noise.std() == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("settings", [TINY, FEEDS_BACK])
def test_what_was_decoded_has_the_likeliest_token_of_every_tick(settings: ModelSettings) -> None:
    # With feedback the probability of a measure is that of each token after the true ones before it: what
    # was decoded greedily is fed its own tokens, so no tick of it has a likelier token.
    checkpoint = tiny_checkpoint(settings)
    z = encoded(checkpoint, ROWS, 0).mean
    first = decoded(checkpoint, z, ROWS)
    again = decoded(checkpoint, z, Measures(first.tokens, ROWS.meters, ROWS.previous))
    assert again.tokens.tolist() == first.tokens.tolist()
    # 50 tokens but PAD: the likeliest has at least an equal share.
    assert (again.log_probabilities >= -math.log(50) - 1e-4).all()
    assert (again.log_probabilities[ROWS.meters == 3, 12:] == 0).all()
    if not settings.feeds_back:
        assert (again.log_probabilities >= first.log_probabilities - 1e-5).all()


def test_views_of_meters() -> None:
    checkpoint = tiny_checkpoint()
    assert [view.meter for view in meter_views(checkpoint, CORPUS, "test")] == ["4/4", "6/8"]
    (view,) = meter_views(checkpoint, CORPUS, "test", ["6/8"])
    assert view.scatter.values.shape == view.scatter.z.shape == (20, 4)
    with pytest.raises(ArvaeError, match="no measure in 3/4"):
        meter_views(checkpoint, CORPUS, "test", ["3/4"])


def test_the_middle_by_hand() -> None:
    rows = ROWS.taken(np.arange(3))
    view = MeterView(tiny_checkpoint(), "4/4", rows, np.array([[0, 0], [5, 5], [10, 7]], np.float32))
    assert view.middle == 1
    # Percentiles 1 and 99 of 0, 5, 10.
    assert view.places(0, 3) == pytest.approx([0.1, 5, 9.9])


@pytest.mark.slow
def test_the_bundled_model_does_what_its_dimensions_say() -> None:
    view = meter_views(load_model("folk").checkpoint, load_corpus("folk"), "validation", ["6/8"])[0]
    moved = traversal(view)
    assert moved.tokens.shape == (4, STEPS, 24)
    assert (np.diff(moved.values, axis=1) >= 0).mean() > 0.8
    for surface in surfaces(view):
        across = surface.values.mean(axis=0)
        assert across[-1] > across[0]


def test_walks_have_their_shapes() -> None:
    view = meter_views(tiny_checkpoint(), CORPUS, "test", ["4/4"])[0]
    moved = traversal(view)
    assert moved.tokens.shape == (4, STEPS, 24)
    assert moved.source.tolist() == view.rows.tokens[view.middle].tolist()
    found = surfaces(view)
    assert [(surface.name, surface.other) for surface in found] == [
        ("rhythmic_complexity", "pitch_range"),
        ("pitch_range", "note_density"),
        ("note_density", "contour"),
        ("contour", "rhythmic_complexity"),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", bundled())
def test_the_figures_of_a_bundled_models_card_come_out_again(name: str) -> None:
    checkpoint = load_model(name).checkpoint
    found = report_on(checkpoint, load_corpus(checkpoint.card["corpus"]["name"]), "test")
    for part in ("mean", "sampled"):
        for meter, figures in checkpoint.card["evaluation"]["test"][part].items():
            again = {figure: getattr(found, part)[meter][figure] for figure in figures}
            assert again == pytest.approx(figures, abs=2e-3), (part, meter)
