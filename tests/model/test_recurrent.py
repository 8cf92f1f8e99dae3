"""The recurrent layers against nn.GRU itself, in double precision."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from arvae_music.model.recurrent import input_weights, last_states, run


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("steps", [1, 6])
def test_states_and_gradients_are_those_of_gru(bidirectional: bool, steps: int) -> None:
    torch.manual_seed(0)
    layer = nn.GRU(5, 4, bidirectional=bidirectional).double()
    inputs = torch.randn(steps, 3, 5, dtype=torch.double, requires_grad=True)
    leaves = [inputs, *layer.parameters()]
    expected, _ = layer(inputs)
    upstream = torch.randn_like(expected)
    expected_gradients = torch.autograd.grad(expected, leaves, upstream)

    weight, bias = input_weights(layer)
    states = run(layer, inputs @ weight.t() + bias)
    gradients = torch.autograd.grad(states, leaves, upstream)

    torch.testing.assert_close(states, expected, rtol=0, atol=1e-14)
    for mine, theirs in zip(gradients, expected_gradients, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-13)


def test_last_states_are_those_that_gru_gives() -> None:
    torch.manual_seed(1)
    layer = nn.GRU(5, 4, bidirectional=True).double()
    inputs = torch.randn(6, 3, 5, dtype=torch.double)
    states, last = layer(inputs)
    torch.testing.assert_close(last_states(states), torch.cat([last[0], last[1]], dim=1), rtol=0, atol=0)


def test_low_precision_under_autocast() -> None:
    torch.manual_seed(2)
    layer = nn.GRU(5, 4, bidirectional=True)
    inputs = torch.randn(6, 3, 5)
    weight, bias = input_weights(layer)
    with torch.autocast("cpu", torch.bfloat16):
        states = run(layer, torch.nn.functional.linear(inputs, weight, bias))
    assert states.dtype == torch.bfloat16
    torch.testing.assert_close(states.float(), layer(inputs)[0], rtol=0, atol=0.03)
