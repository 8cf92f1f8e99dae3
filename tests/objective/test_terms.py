"""The terms of the loss, against plain loops, hand examples and torch.distributions."""

import math

import pytest
import torch
from torch import Tensor, tensor
from torch.distributions import Normal, kl_divergence

from arvae_music.model import Posterior
from arvae_music.objective import (
    attribute_order,
    binary_cross_entropy,
    cross_entropy,
    divergence,
    linearity,
    total_loss,
)


def sign(x: float) -> int:
    return (x > 0) - (x < 0)


def plain_order(z: Tensor, values: Tensor, groups: list[int], delta: float) -> float:
    """Equations 6 to 8 of the paper as they stand: a mean over i and j, and a sum over attributes."""
    total = 0.0
    for column in range(z.shape[1]):
        terms = [
            abs(
                math.tanh(delta * float(z[i, column] - z[j, column]))
                - sign(float(values[i, column] - values[j, column]))
            )
            for i in range(len(z))
            for j in range(len(z))
            if groups[i] == groups[j]
        ]
        total += sum(terms) / len(terms)
    return total


@pytest.mark.parametrize("delta", [0.5, 1.0, 10.0])
@pytest.mark.parametrize("groups", [[0] * 9, [0, 1, 2, 0, 1, 2, 0, 0, 3], list(range(9))])
def test_order_is_the_mean_over_all_pairs_of_a_group(groups: list[int], delta: float) -> None:
    generator = torch.Generator().manual_seed(len(set(groups)))
    z = torch.randn(9, 4, generator=generator, dtype=torch.float64)
    values = torch.randint(0, 4, (9, 4), generator=generator).double()  # with equal ones
    got = attribute_order(z, values, tensor(groups), delta)
    assert float(got) == pytest.approx(plain_order(z, values, groups, delta), rel=1e-12)


def test_order_by_hand() -> None:
    # Three measures with values 1, 2, 2, all at z = 0: tanh is 0 everywhere, so a pair with different
    # values is off by 1 and one with equal values by 0. Of the 9 pairs (i, j), (1, 2), (1, 3) and their
    # mirrors differ: 4 / 9.
    flat = attribute_order(torch.zeros(3, 1), tensor([[1.0], [2.0], [2.0]]), torch.zeros(3), 1.0)
    assert float(flat) == pytest.approx(4 / 9)
    # Two measures in the wrong order, z apart by ln 3: tanh(ln 3) = (3 - 1/3) / (3 + 1/3) = 0.8, so each of
    # two pairs is off by |0.8 - (-1)| = 1.8, of four: 0.9. In the right order |0.8 - 1| = 0.2: 0.1.
    z = tensor([[0.0], [math.log(3)]])
    wrong = attribute_order(z, tensor([[5.0], [4.0]]), torch.zeros(2), 1.0)
    right = attribute_order(z, tensor([[4.0], [5.0]]), torch.zeros(2), 1.0)
    assert float(wrong) == pytest.approx(0.9)
    assert float(right) == pytest.approx(0.1)
    # Two attributes add up.
    both = attribute_order(z.expand(-1, 2), tensor([[5.0, 4.0], [4.0, 5.0]]), torch.zeros(2), 1.0)
    assert float(both) == pytest.approx(1.0)


def test_meters_are_never_compared() -> None:
    z, values = tensor([[0.0], [1.0]]), tensor([[9.0], [1.0]])
    assert float(attribute_order(z, values, tensor([0, 3]), 10.0)) == 0
    assert float(attribute_order(z, values, tensor([3, 3]), 10.0)) == pytest.approx(1.0)  # 2 * 2 / 4
    # The measures of one meter feel nothing of those of another.
    z = torch.randn(6, 2, generator=torch.Generator().manual_seed(0), requires_grad=True)
    values = torch.arange(12.0).view(6, 2)
    groups = tensor([0, 0, 0, 1, 1, 1])
    (before,) = torch.autograd.grad(attribute_order(z, values, groups, 1.0), z)
    moved = z.detach().clone()
    moved[3:] += tensor([[5.0, -7.0], [-3.0, 2.0], [9.0, 9.0]])
    moved.requires_grad_()
    (after,) = torch.autograd.grad(attribute_order(moved, values, groups, 1.0), moved)
    assert torch.equal(before[:3], after[:3])
    assert not torch.equal(before[3:], after[3:])


def test_the_gradient_parts_what_stands_in_the_wrong_order() -> None:
    z = tensor([[0.1], [0.0], [-0.1]], requires_grad=True)
    values = tensor([[1.0], [2.0], [3.0]])
    attribute_order(z, values, torch.zeros(3), 1.0).backward()
    assert z.grad is not None
    assert z.grad[0] > 0  # downhill is down: its value is the least
    assert z.grad[2] < 0
    for _ in range(200):
        (gradient,) = torch.autograd.grad(attribute_order(z, values, torch.zeros(3), 1.0), z)
        z = (z - 0.5 * gradient).detach().requires_grad_()
    assert z[0] < z[1] < z[2]


def test_equal_values_are_drawn_together() -> None:
    z = tensor([[1.0], [0.0]], requires_grad=True)
    attribute_order(z, tensor([[5.0], [5.0]]), torch.zeros(2), 1.0).backward()
    assert z.grad is not None
    assert z.grad[0] > 0 > z.grad[1]


def test_divergence_is_that_of_torch() -> None:
    generator = torch.Generator().manual_seed(0)
    mean = 3 * torch.randn(5, 7, generator=generator, dtype=torch.float64)
    log_std = torch.randn(5, 7, generator=generator, dtype=torch.float64)
    expected = kl_divergence(Normal(mean, log_std.exp()), Normal(torch.zeros_like(mean), 1.0))
    assert torch.allclose(divergence(Posterior(mean, log_std)), expected, rtol=1e-10, atol=1e-12)
    at_prior = Posterior(torch.zeros(2, 3), torch.zeros(2, 3))
    assert (divergence(at_prior) == 0).all()


def certain(probabilities: list[float]) -> list[float]:
    return [math.log(p) if p else -math.inf for p in probabilities]


def test_cross_entropy_counts_the_meters_own_ticks() -> None:
    # Two measures of three ticks over the ids PAD, HOLD, REST, one pitch. The true ids have the
    # probabilities 1/2, 1/4, 1/8 in the first; 1/2 and then PAD twice in the second.
    half, quarter, eighth = (
        [0, 0.5, 0.25, 0.25],
        [0, 0.5, 0.25, 0.25],
        [0, 0.5, 0.375, 0.125],
    )
    pad = [1.0, 0, 0, 0]
    scores = tensor([[certain(p) for p in (half, quarter, eighth)], [certain(p) for p in (half, pad, pad)]])
    ids = tensor([[1, 2, 3], [1, 0, 0]])
    # In units of ln 2: 1 + 2 + 3 + 1 over four ticks.
    assert float(cross_entropy(scores, ids)) == pytest.approx(7 / 4 * math.log(2))


def test_the_loss_is_the_weighted_sum() -> None:
    # One tick, and both measures have probability 1/4 for it: ln 4.
    scores = tensor([[certain([0, 0.25, 0.75])]] * 2)
    ids = tensor([[1], [1]])
    # KL of N(1, 1) from N(0, 1) is 1/2 in each dimension; two dimensions: 1 a measure.
    posterior = Posterior(torch.ones(2, 2), torch.zeros(2, 2))
    # The first dimension is regularized, in the wrong order as above: 0.9. The second is free.
    z = tensor([[0.0, 70.0], [math.log(3), -70.0]])
    losses = total_loss(
        cross_entropy(scores, ids),
        posterior,
        z,
        tensor([[5.0], [4.0]]),
        tensor([0, 0]),
        beta=0.5,
        gamma=10.0,
        delta=1.0,
    )
    assert float(losses.reconstruction) == pytest.approx(math.log(4))
    assert float(losses.divergence) == pytest.approx(1.0)
    assert float(losses.attribute_order) == pytest.approx(0.9)
    assert float(losses.loss) == pytest.approx(math.log(4) + 0.5 * 1.0 + 10 * 0.9)


def test_without_attributes_the_term_is_nothing() -> None:
    posterior = Posterior(torch.ones(2, 2), torch.zeros(2, 2))
    nothing, alike = torch.zeros(2, 0), tensor([0, 0])
    losses = total_loss(
        tensor(0.25), posterior, torch.zeros(2, 2), nothing, alike, beta=1.0, gamma=9.0, delta=1.0
    )
    assert float(losses.attribute_order) == 0
    assert float(losses.loss) == pytest.approx(1.25)


def test_images_cost_the_sum_over_pixels() -> None:
    # Two images of 1 x 2 pixels. Even odds cost ln 2; odds of 3 to 1 cost ln 4/3 where right, ln 4 where not.
    odds = math.log(3)
    logits = tensor([[[[0.0, odds]]], [[[odds, -odds]]]])
    images = tensor([[[[1.0, 1.0]]], [[[0.0, 0.5]]]])
    half = (math.log(4) + math.log(4 / 3)) / 2  # a grey pixel is half of either
    wanted = (math.log(2) + math.log(4 / 3) + math.log(4) + half) / 2
    assert float(binary_cross_entropy(logits, images)) == pytest.approx(wanted)


def test_linearity_is_the_squared_distance_summed_over_attributes() -> None:
    z = tensor([[1.0, 0.0], [-1.0, 2.0]])
    wanted = tensor([[1.0, 1.0], [1.0, 2.0]])
    # First attribute: (0 + 4) / 2; second: (1 + 0) / 2.
    assert float(linearity(z, wanted)) == pytest.approx(2.5)
