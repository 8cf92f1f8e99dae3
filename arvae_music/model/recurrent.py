"""Gated recurrent layers of a few steps, as nn.GRU computes them, but with less to compute.

`torch.nn.GRU` multiplies every step's whole input. Here the caller hands in the input's share of the
gates, so that what is constant over the steps, or comes from a table, is multiplied once. Steps of
both directions go in one batched product, and the backward pass makes each weight's gradient in one
product over all steps.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


def input_weights(layer: nn.GRU) -> tuple[Tensor, Tensor]:
    """Weights and biases from the input to the gates, `[directions * 3 * hidden, input]` and `[...]`."""
    return torch.cat(_of_each_way(layer, "weight_ih")), torch.cat(_of_each_way(layer, "bias_ih"))


def run(layer: nn.GRU, gates: Tensor) -> Tensor:
    """The hidden states of a one-layer GRU that starts from zero.

    Args:
        layer: its recurrent weights are used.
        gates: the input's share of the gates with its bias, `[steps, batch, directions * 3 * hidden]`
            (reset, update, new; Cho et al. 2014 as nn.GRU has them).

    Returns:
        `[steps, batch, directions * hidden]`, as nn.GRU gives them.
    """
    weights, biases = (torch.stack(_of_each_way(layer, name)) for name in ("weight_hh", "bias_hh"))
    if torch.is_autocast_enabled(gates.device.type):
        low = torch.get_autocast_dtype(gates.device.type)
        weights, biases, gates = weights.to(low), biases.to(low), gates.to(low)
    states: Tensor = _Steps.apply(gates, weights, biases[:, None])  # type: ignore[no-untyped-call]
    return states


def last_states(states: Tensor) -> Tensor:
    """What each of two directions ends with, `[steps, batch, 2 * hidden]` -> `[batch, 2 * hidden]`."""
    hidden = states.shape[-1] // 2
    return torch.cat([states[-1, :, :hidden], states[0, :, hidden:]], dim=-1)


def _of_each_way(layer: nn.GRU, name: str) -> list[Tensor]:
    """A parameter of the layer, forwards and, if it goes both ways, backwards."""
    ways = ("", "_reverse") if layer.bidirectional else ("",)
    return [getattr(layer, f"{name}_l0{way}") for way in ways]


class _Steps(torch.autograd.Function):
    """All steps of one or two directions."""

    @staticmethod
    def forward(ctx: Any, gates: Tensor, weights: Tensor, biases: Tensor) -> Tensor:
        """States `[steps, batch, directions * H]`; biases are `[directions, 1, 3H]`."""
        directions, width, hidden = weights.shape
        steps, batch, _ = gates.shape
        transposed = weights.transpose(1, 2).contiguous()
        out = gates.new_empty(steps, batch, directions * hidden)
        state = gates.new_zeros(directions, batch, hidden)
        kept = []
        with torch.autocast(gates.device.type, enabled=False):
            for step in range(steps):
                given = _of_step(gates, step, directions, width)
                recurrent = torch.baddbmm(biases, state, transposed)
                both = (given[..., : 2 * hidden] + recurrent[..., : 2 * hidden]).sigmoid_()
                reset, update = both.split(hidden, dim=-1)
                shaped = recurrent[..., 2 * hidden :]
                new = torch.addcmul(given[..., 2 * hidden :], reset, shaped).tanh_()
                following = torch.lerp(new, state, update)
                kept.append((state, both, shaped, new))
                state = following
                for direction in range(directions):
                    at = steps - 1 - step if direction else step
                    out[at, :, direction * hidden : (direction + 1) * hidden] = state[direction]
        ctx.kept, ctx.sizes = kept, (steps, batch, directions, hidden)
        ctx.save_for_backward(weights)
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Gradients of gates, weights and biases."""
        (gradient,) = gradients
        (weights,) = ctx.saved_tensors
        steps, batch, directions, hidden = ctx.sizes
        to_gates = gradient.new_empty(steps, batch, directions * 3 * hidden)
        inner = gradient.new_empty(directions, steps, batch, 3 * hidden)
        before = gradient.new_empty(directions, steps, batch, hidden)
        carried = gradient.new_zeros(directions, batch, hidden)
        for step in reversed(range(steps)):
            state, both, shaped, new = ctx.kept[step]
            reset, update = both.split(hidden, dim=-1)
            carried = carried + _of_step(gradient, step, directions, hidden)
            to_new = carried * (1 - update) * (1 - new.square())
            gate = torch.cat([to_new * shaped, carried * (state - new)], dim=-1)
            gate *= both * (1 - both)
            mine = inner[:, step]
            mine[..., : 2 * hidden] = gate
            mine[..., 2 * hidden :] = to_new * reset
            before[:, step] = state
            for direction in range(directions):
                at = steps - 1 - step if direction else step
                place = to_gates[at, :, direction * 3 * hidden : (direction + 1) * 3 * hidden]
                place[:, : 2 * hidden] = gate[direction]
                place[:, 2 * hidden :] = to_new[direction]
            carried = torch.baddbmm(carried * update, mine, weights)
        flat = inner.view(directions, steps * batch, 3 * hidden)
        to_weights = torch.bmm(flat.transpose(1, 2), before.view(directions, steps * batch, hidden))
        return to_gates, to_weights, flat.sum(dim=1, keepdim=True)


def _of_step(rows: Tensor, step: int, directions: int, width: int) -> Tensor:
    """What each direction takes at a step, `[directions, batch, width]`; the second goes backwards."""
    if directions == 1:
        return rows[step][None]
    return torch.stack([rows[step, :, :width], rows[len(rows) - 1 - step, :, width:]])
