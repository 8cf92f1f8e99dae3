"""The recurrent layers against nn.GRU itself, in double precision."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from arvae_music.model.recurrent import in_each_order, input_weights, run


def as_gru_has_them(states: Tensor) -> Tensor:
    """`[directions, steps, batch, hidden]` -> `[steps, batch, directions * hidden]`, all steps in order."""
    forwards, *backwards = states
    return torch.cat([forwards, *(way.flip(0) for way in backwards)], dim=-1)


def gates_of(layer: nn.GRU, inputs: Tensor) -> Tensor:
    """The input's share of the gates, `[directions, steps, batch, 3 * hidden]`."""
    weight, bias = input_weights(layer)
    return torch.einsum("dsbi,dgi->dsbg", in_each_order(inputs, layer), weight) + bias[:, None, None]


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("steps", [1, 2, 6])
def test_states_and_gradients_are_those_of_gru(bidirectional: bool, steps: int) -> None:
    torch.manual_seed(0)
    layer = nn.GRU(5, 4, bidirectional=bidirectional).double()
    inputs = torch.randn(steps, 3, 5, dtype=torch.double, requires_grad=True)
    leaves = [inputs, *layer.parameters()]
    expected, _ = layer(inputs)
    upstream = torch.randn_like(expected)
    expected_gradients = torch.autograd.grad(expected, leaves, upstream)

    states = as_gru_has_them(run(layer, gates_of(layer, inputs)))
    gradients = torch.autograd.grad(states, leaves, upstream)

    torch.testing.assert_close(states, expected, rtol=0, atol=1e-14)
    for mine, theirs in zip(gradients, expected_gradients, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-13)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_what_is_constant_over_steps_and_what_over_sequences_may_be_given_apart(bidirectional: bool) -> None:
    torch.manual_seed(3)
    layer = nn.GRU(5, 4, bidirectional=bidirectional).double()
    of_sequence = torch.randn(1, 3, 5, dtype=torch.double, requires_grad=True)
    of_step = torch.randn(6, 1, 5, dtype=torch.double, requires_grad=True)
    leaves = [of_sequence, of_step, *layer.parameters()]
    expected, _ = layer(of_sequence + of_step)
    upstream = torch.randn_like(expected)
    expected_gradients = torch.autograd.grad(expected, leaves, upstream)

    weight, _ = input_weights(layer)
    by_step = torch.einsum("dsi,dgi->dsg", in_each_order(of_step[:, 0], layer), weight)
    states = as_gru_has_them(run(layer, gates_of(layer, of_sequence), by_step))
    gradients = torch.autograd.grad(states, leaves, upstream)

    torch.testing.assert_close(states, expected, rtol=0, atol=1e-14)
    for mine, theirs in zip(gradients, expected_gradients, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-13)


def test_the_last_step_of_each_direction_is_what_gru_ends_with() -> None:
    torch.manual_seed(1)
    layer = nn.GRU(5, 4, bidirectional=True).double()
    inputs = torch.randn(6, 3, 5, dtype=torch.double)
    _, last = layer(inputs)
    torch.testing.assert_close(run(layer, gates_of(layer, inputs))[:, -1], last, rtol=0, atol=1e-14)


def test_low_precision_under_autocast() -> None:
    torch.manual_seed(2)
    layer = nn.GRU(5, 4, bidirectional=True)
    inputs = torch.randn(6, 3, 5)
    with torch.autocast("cpu", torch.bfloat16):
        states = run(layer, gates_of(layer, inputs))
    assert states.dtype == torch.bfloat16
    torch.testing.assert_close(as_gru_has_them(states).float(), layer(inputs)[0], rtol=0, atol=0.03)
