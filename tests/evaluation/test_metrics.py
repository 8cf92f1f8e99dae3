"""All metrics of one set of latents together, and means of reports."""

import math
from typing import Any

import numpy as np
import pytest

from arvae_music.evaluation.averages import mean_of, over_meters, over_models
from arvae_music.evaluation.metrics import (
    BY_ATTRIBUTE,
    METRICS,
    disentanglement_metrics,
    no_metrics,
    perfect_latents,
)

NAMES = ("first", "second")
N = np.arange(2000)
VALUES = np.stack([N % 8, N // 8 % 5], axis=1).astype(np.float64)  # independent of one another


def test_a_perfect_encoder_of_independent_attributes_has_one_in_everything() -> None:
    z = perfect_latents(VALUES, 6, np.random.default_rng(0))
    found = disentanglement_metrics(z, VALUES, NAMES, 0)
    assert list(found) == [*METRICS, "attributes"]
    for name in ("interpretability", "mig", "dmig", "modularity_regularized", "sap", "spearman_of_ceiling"):
        assert found[name] == pytest.approx(1, abs=0.03), name
    # 8 groups of 250 and 5 of 400: 1 - 8 * 250³ / 2000³ is 1 - 1 / 64, and 1 - 1 / 25 (but for lower powers).
    ceilings = [math.sqrt(1 - 1 / 64), math.sqrt(1 - 1 / 25)]
    assert found["spearman_ceiling"] == pytest.approx(np.mean(ceilings), abs=1e-4)
    assert found["spearman"] == pytest.approx(np.mean(ceilings), abs=1e-3)


def test_regularized_dimensions_that_are_swapped() -> None:
    z = perfect_latents(VALUES, 6, np.random.default_rng(0))[:, [1, 0, 2, 3, 4, 5]]
    found = disentanglement_metrics(z, VALUES, NAMES, 0)
    # Some dimension tells all, but not the attribute's own.
    assert found["mig"] == pytest.approx(1, abs=0.03)
    assert found["spearman_best"] > 0.97
    assert found["spearman"] < 0.1
    assert found["dmig"] == pytest.approx(-1, abs=0.05)


def test_a_model_has_the_mean_of_its_attributes() -> None:
    generator = np.random.default_rng(3)
    z = VALUES[:, [0, 1, 0]] + generator.standard_normal((2000, 3))
    found = disentanglement_metrics(z, VALUES, NAMES, 0)
    assert list(found["attributes"]) == list(NAMES)
    for name in BY_ATTRIBUTE:
        values = [found["attributes"][attribute][name] for attribute in NAMES]
        assert found[name] == pytest.approx(sum(values) / 2), name


def test_an_attribute_that_is_constant_does_not_count() -> None:
    values = np.stack([N % 8, np.full(2000, 3)], axis=1).astype(np.float64)
    found = disentanglement_metrics(perfect_latents(values, 6, np.random.default_rng(0)), values, NAMES, 0)
    assert all(math.isnan(value) for value in found["attributes"]["second"].values())
    assert found["interpretability"] == pytest.approx(1, abs=1e-6)
    assert not any(math.isnan(found[name]) for name in METRICS)


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_measures_say_nothing_and_do_not_fail(count: int) -> None:
    z = perfect_latents(VALUES[:count], 6, np.random.default_rng(0))
    assert z.shape == (count, 6)
    found = disentanglement_metrics(z, VALUES[:count], NAMES, 0)
    assert all(math.isnan(found[name]) for name in METRICS)


def test_no_metrics_have_the_same_names() -> None:
    found = disentanglement_metrics(VALUES, VALUES, NAMES, 0)
    none = no_metrics(NAMES)
    assert list(none) == list(found)
    assert [list(entry) for entry in none["attributes"].values()] == [
        list(entry) for entry in found["attributes"].values()
    ]
    assert all(math.isnan(none[name]) for name in METRICS)


def test_perfect_latents_keep_the_order_and_have_no_ties() -> None:
    z = perfect_latents(VALUES, 6, np.random.default_rng(0))
    for k in range(2):
        assert len(np.unique(z[:, k])) == 2000
        order = np.argsort(z[:, k])
        assert (np.diff(VALUES[order, k]) >= 0).all()


def test_means() -> None:
    assert mean_of(np.array([1.0, math.nan, 4.0])) == 2.5
    assert math.isnan(mean_of(np.array([math.nan])))
    assert math.isnan(mean_of(np.array([])))


def entry(count: int, share: float, **more: Any) -> dict[str, Any]:
    return {"count": count, "share": share, **more}


def test_over_meters_by_hand() -> None:
    entries = [
        entry(30, 0.5, units=3, list=[1.0, 2.0], attributes={"a": {"mig": 0.2}}),
        entry(10, 0.9, units=3, list=[5.0, 2.0], attributes={"a": {"mig": 0.6}}),
        entry(60, 1.0, units=8, list=[0.0, 2.0], attributes={"a": {"mig": math.nan}}, left_out="few"),
    ]
    found = over_meters(entries)
    assert found["count"] == 100
    assert found["share"] == pytest.approx(0.15 + 0.09 + 0.6)
    assert found["units"] == pytest.approx(0.9 + 0.3 + 4.8)
    assert found["list"] == pytest.approx([0.8, 2.0])
    # The last meter has none: (30 * 0.2 + 10 * 0.6) / 40.
    assert found["attributes"] == {"a": {"mig": pytest.approx(0.3)}}
    assert "left_out" not in found


def test_a_count_that_all_meters_share_is_kept() -> None:
    assert over_meters([entry(5, 1.0, units=3), entry(9, 1.0, units=3)])["units"] == 3


def test_over_models_by_hand() -> None:
    mean, spread = over_models(
        [
            {"mean": {"4/4": entry(30, 0.2, none=1.0)}, "title": "x"},
            {"mean": {"4/4": entry(30, 0.4, none=math.nan), "6/8": entry(1, 1.0)}, "title": "x"},
        ]
    )
    # What one model lacks is left out; deviation sqrt(2 * 0.1² / 1).
    assert mean["mean"].keys() == {"4/4"}
    assert mean["mean"]["4/4"]["share"] == pytest.approx(0.3)
    assert spread["mean"]["4/4"]["share"] == pytest.approx(math.sqrt(0.02))
    assert mean["mean"]["4/4"]["count"] == 30
    assert isinstance(mean["mean"]["4/4"]["count"], int)
    assert math.isnan(mean["mean"]["4/4"]["none"])
    assert math.isnan(spread["mean"]["4/4"]["none"])
    assert mean["title"] == "x"
