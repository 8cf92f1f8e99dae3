"""The loss and its terms against loops, closed forms and torch.distributions."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import Normal, kl_divergence

from arvae_music.model import Coded, Posterior
from arvae_music.objective import attribute_order, cross_entropy, divergence, total_loss


def plain_order(z: torch.Tensor, values: torch.Tensor, groups: torch.Tensor, delta: float) -> float:
    """Mean over all pairs of one group, a measure with itself included, summed over attributes."""
    total, pairs = 0.0, 0
    for i in range(len(z)):
        for j in range(len(z)):
            if groups[i] != groups[j]:
                continue
            pairs += 1
            for attribute in range(z.shape[1]):
                gap = float(values[i, attribute] - values[j, attribute])
                sign = (gap > 0) - (gap < 0)
                apart = float(z[i, attribute] - z[j, attribute])
                total += abs(math.tanh(delta * apart) - sign)
    return total / pairs


def test_attribute_order_by_hand() -> None:
    # Two measures, z 0 and 1, the attribute the other way round: both pairs |tanh(1) + 1|, the two
    # of a measure with itself 0.
    z, values = torch.tensor([[0.0], [1.0]]), torch.tensor([[3.0], [2.0]])
    group = torch.tensor([0, 0])
    wrong = (1 + math.tanh(1)) / 2
    assert attribute_order(z, values, group, 1.0).item() == pytest.approx(wrong)
    right = (1 - math.tanh(1)) / 2
    assert attribute_order(z, values.flip(0), group, 1.0).item() == pytest.approx(right)
    equal = math.tanh(1) / 2
    assert attribute_order(z, torch.ones(2, 1), group, 1.0).item() == pytest.approx(equal)
    # In two meters there is nothing to compare.
    assert attribute_order(z, values, torch.tensor([0, 1]), 1.0).item() == 0
    # delta says how sharply z counts.
    assert attribute_order(z, values.flip(0), group, 10.0).item() == pytest.approx(0, abs=1e-6)


@given(st.integers(0, 2**31), st.integers(1, 9), st.integers(1, 4), st.integers(1, 3), st.floats(0, 12))
@settings(max_examples=60)
def test_attribute_order_against_a_double_loop(
    seed: int, batch: int, attributes: int, groups: int, delta: float
) -> None:
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(batch, attributes, generator=generator)
    values = torch.randint(0, 4, (batch, attributes), generator=generator).float()
    group = torch.randint(0, groups, (batch,), generator=generator)
    got = attribute_order(z, values, group, delta)
    assert got.item() == pytest.approx(plain_order(z, values, group, delta), abs=1e-5)


def test_attribute_order_pulls_the_right_way() -> None:
    z = torch.tensor([[0.0], [0.1]], requires_grad=True)
    attribute_order(z, torch.tensor([[2.0], [1.0]]), torch.tensor([0, 0]), 10.0).backward()
    assert z.grad is not None
    # Going down the gradient lifts the measure with more and lowers the one with less.
    assert z.grad[0] < 0 < z.grad[1]


def test_divergence_in_closed_form() -> None:
    # KL(N(m, s) || N(0, 1)) = (m^2 + s^2 - 1) / 2 - ln s.
    mean, std = torch.tensor([[0.0, 1.0, -2.0]]), torch.tensor([[1.0, 2.0, 0.5]])
    got = divergence(Posterior(mean, std.log()))
    expected = [0.0, (1 + 4 - 1) / 2 - math.log(2), (4 + 0.25 - 1) / 2 + math.log(2)]
    assert got[0].tolist() == pytest.approx(expected, abs=1e-6)


def test_divergence_against_torch_distributions() -> None:
    generator = torch.Generator().manual_seed(0)
    mean, log_std = torch.randn(2, 50, 7, generator=generator)
    expected = kl_divergence(Normal(mean, log_std.exp()), Normal(0.0, 1.0))
    torch.testing.assert_close(divergence(Posterior(mean, log_std)), expected)


def test_cross_entropy_by_hand() -> None:
    # Two measures: of one, two ticks count (ids 1 and 2), of the other one; PAD, id 0, does not.
    p = torch.tensor(
        [
            [[0.0, 0.5, 0.5], [0.0, 0.9, 0.1], [1.0, 0.0, 0.0]],
            [[0.0, 0.2, 0.8], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0]],
        ]
    )
    ids = torch.tensor([[1, 2, 0], [2, 0, 0]])
    expected = -(math.log(0.5) + math.log(0.1) + math.log(0.8)) / 3
    assert cross_entropy(p.log(), ids).item() == pytest.approx(expected)


def test_the_loss_is_the_weighted_sum() -> None:
    generator = torch.Generator().manual_seed(1)
    mean, log_std, z = torch.randn(3, 5, 6, generator=generator)
    scores = torch.randn(5, 24, 51, generator=generator)
    scores[..., 0] = -torch.inf
    scores = scores.log_softmax(dim=-1)
    ids = torch.randint(1, 51, (5, 24), generator=generator)
    meters = torch.tensor([0, 0, 3, 3, 0])
    values = torch.randn(5, 4, generator=generator)
    coded = Coded(Posterior(mean, log_std), z, scores)
    got = total_loss(coded, ids, meters, values, beta=0.25, gamma=2.0, delta=3.0)
    # The rate is summed over dimensions and averaged over measures; the first four dimensions are ordered.
    rate = sum(divergence(coded.posterior).sum(dim=1).tolist()) / 5
    order = plain_order(z[:, :4], values, meters, 3.0)
    assert got.divergence.item() == pytest.approx(rate, rel=1e-5)
    assert got.attribute_order.item() == pytest.approx(order, abs=1e-5)
    assert got.reconstruction.item() == pytest.approx(cross_entropy(scores, ids).item())
    assert got.loss.item() == pytest.approx(got.reconstruction.item() + 0.25 * rate + 2 * order, rel=1e-5)


def test_without_regularized_attributes_there_is_no_order_term() -> None:
    coded = Coded(Posterior(torch.zeros(2, 3), torch.zeros(2, 3)), torch.zeros(2, 3), torch.zeros(2, 24, 5))
    ids = torch.ones(2, 24, dtype=torch.long)
    got = total_loss(coded, ids, torch.zeros(2), torch.zeros(2, 0), beta=1.0, gamma=1.0, delta=1.0)
    assert (got.attribute_order.item(), got.loss.item()) == (0, 0)
