"""Gated recurrent layers of a few steps, as nn.GRU computes them, but with less to compute.

`torch.nn.GRU` multiplies every step's whole input. Here the caller hands in the input's share of the
gates, so that what is constant over the steps, or comes from a table, is multiplied once. Steps of
both directions go in one batched product, nothing is multiplied at the first step, whose state is zero,
and the backward pass makes each weight's gradient in one product over all steps.

Each direction goes through the steps in its own order: number 0 of the second is the last one there is.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn


class Inputs(NamedTuple):
    """Weights from a layer's input to its gates (reset, update, new; Cho et al. 2014 as nn.GRU has them).

    `weight` is `[directions, 3 * hidden, input]`, `bias` `[directions, 3 * hidden]`.
    """

    weight: Tensor
    bias: Tensor


def input_weights(layer: nn.GRU) -> Inputs:
    """Weights and biases from the input of a one-layer GRU to its gates."""
    return Inputs(_of_each_way(layer, "weight_ih"), _of_each_way(layer, "bias_ih"))


def in_each_order(steps: Tensor, layer: nn.GRU) -> Tensor:
    """What is given by step, `[steps, ...]`, as each direction comes to it, `[directions, steps, ...]`."""
    return torch.stack([steps, steps.flip(0)]) if layer.bidirectional else steps[None]


def run(layer: nn.GRU, gates: Tensor, by_step: Tensor | None = None) -> Tensor:
    """The hidden states of a one-layer GRU that starts from zero.

    Args:
        layer: its recurrent weights are used.
        gates: the input's share of the gates, `[directions, steps, batch, 3 * hidden]`, or with one step
            where `by_step` says what differs.
        by_step: what each step adds to the gates of all sequences alike, `[directions, steps, 3 * hidden]`.

    Returns:
        `[directions, steps, batch, hidden]`; the last step of each direction is what it ends with.
    """
    weights, biases = _of_each_way(layer, "weight_hh"), _of_each_way(layer, "bias_hh")
    gates = gates.to(weights.dtype)
    if by_step is None:
        by_step = gates.new_zeros(len(gates), gates.shape[1], gates.shape[-1])
    states: Tensor = _Steps.apply(  # type: ignore[no-untyped-call]
        gates, by_step.to(weights.dtype), weights, biases
    )
    return states


def _of_each_way(layer: nn.GRU, name: str) -> Tensor:
    """A parameter of the layer, forwards and, if it goes both ways, backwards, `[directions, ...]`.

    In the precision of autocast, where that is on.
    """
    ways = ("", "_reverse") if layer.bidirectional else ("",)
    parts = [getattr(layer, f"{name}_l0{way}") for way in ways]
    kind = parts[0].device.type
    if torch.is_autocast_enabled(kind):
        parts = [part.to(torch.get_autocast_dtype(kind)) for part in parts]
    return torch.stack(parts)


class _Steps(torch.autograd.Function):
    """All steps of one or two directions; D of them, B sequences, H states."""

    @staticmethod
    def forward(ctx: Any, gates: Tensor, by_step: Tensor, weights: Tensor, biases: Tensor) -> Tensor:
        """States `[D, steps, B, H]` of gates `[D, steps or 1, B, 3H]`."""
        directions, steps, _ = by_step.shape
        hidden = weights.shape[-1]
        two = 2 * hidden
        transposed = weights.transpose(1, 2).contiguous()
        # The bias of `new` stands inside its product with `reset`; the others are like the input's.
        added = by_step.clone()
        added[..., :two] += biases[:, None, :two]
        inner = biases[:, None, two:]
        # One more than there are steps: each is made from the one before, and the first is zero.
        states = gates.new_zeros(directions, steps + 1, gates.shape[2], hidden)
        kept = []
        with torch.autocast(gates.device.type, enabled=False):
            for step in range(steps):
                given = gates[:, step if gates.shape[1] > 1 else 0]
                both = given[..., :two] + added[:, step, None, :two]
                if step:
                    recurrent = torch.bmm(states[:, step], transposed)
                    both.add_(recurrent[..., :two])
                    shaped = recurrent[..., two:].add_(inner)
                else:
                    shaped = inner.expand_as(states[:, 0])
                reset, update = both.sigmoid_().split(hidden, dim=-1)
                new = torch.addcmul(given[..., two:], reset, shaped)
                _tanh_(new.add_(added[:, step, None, two:]))
                torch.lerp(new, states[:, step], update, out=states[:, step + 1])
                kept.append((both, shaped, new))
        ctx.kept, ctx.constant = kept, gates.shape[1] == 1
        ctx.save_for_backward(states, weights)
        return states[:, 1:]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Gradients of gates, what is added by step, weights and biases."""
        (gradient,) = gradients
        states, weights = ctx.saved_tensors
        directions, steps, batch, hidden = gradient.shape
        two = 2 * hidden
        # What comes to the products with the states, and, of `new`, what comes to the input's.
        inner = gradient.new_empty(directions, steps, batch, 3 * hidden)
        to_new = gradient.new_empty(directions, steps, batch, hidden)
        carried = gradient[:, -1]
        for step in reversed(range(steps)):
            both, shaped, new = ctx.kept[step]
            reset, update = both.split(hidden, dim=-1)
            kept = carried * update
            torch.ops.aten.tanh_backward.grad_input(carried - kept, new, grad_input=to_new[:, step])
            mine, fresh = inner[:, step], to_new[:, step]
            to_both = torch.empty_like(both)
            torch.mul(fresh, shaped, out=to_both[..., :hidden])
            torch.mul(states[:, step] - new, carried, out=to_both[..., hidden:])
            torch.ops.aten.sigmoid_backward.grad_input(to_both, both, grad_input=mine[..., :two])
            torch.mul(fresh, reset, out=mine[..., two:])
            if step:
                carried = torch.baddbmm(kept.add_(gradient[:, step - 1]), mine, weights)
        after_first, before = inner[:, 1:].flatten(1, 2), states[:, 1:-1].flatten(1, 2)
        to_weights = torch.stack([b.t() @ a for a, b in zip(after_first, before, strict=True)])
        sums = [_over_sequences(part) for part in (inner, to_new)]
        by_step = torch.cat([sums[0][..., :two], sums[1]], dim=-1)
        parts = [inner[..., :two], to_new]
        if ctx.constant:
            parts = [_over_steps(part) for part in parts]
        return torch.cat(parts, dim=-1), by_step, to_weights.transpose(1, 2), sums[0].sum(dim=1)


def _tanh_(values: Tensor) -> Tensor:
    """`tanh_`, which for bfloat16 takes a processor three times as long as by way of single precision."""
    if values.dtype == torch.bfloat16 and values.device.type == "cpu":
        return values.copy_(values.float().tanh_())
    return values.tanh_()


def _over_steps(values: Tensor) -> Tensor:
    """Sums over the steps, `[D, steps, B, width]` -> `[D, 1, B, width]`, in pairs: the fastest way."""
    while values.shape[1] > 1:
        even = values.shape[1] // 2
        pairs = values[:, :even] + values[:, even : 2 * even]
        values = torch.cat([pairs, values[:, 2 * even :]], dim=1) if values.shape[1] % 2 else pairs
    return values


def _over_sequences(values: Tensor) -> Tensor:
    """Sums over the sequences, `[D, steps, B, width]` -> `[D, steps, width]`; a product is the fastest."""
    return (values.new_ones(1, values.shape[2]) @ values)[:, :, 0]
