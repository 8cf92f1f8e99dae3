"""A step of training on an accelerator never waits for it.

No test can count on one. But on torch's meta device nothing has a value, so that whatever would have to
look at one fails: a number that the host wants to know, a mask that picks so many rows, a shape that
depends on the data. What is copied there from the host in a step is found by watching all operations.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from arvae_music.data import HIGHEST, LOWEST
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from arvae_music.meter import GRIDS, TICKS
from arvae_music.model import MeasureVAE, encoder, layers, vae
from arvae_music.tokens import HOLD, PAD
from arvae_music.training.listening import ListeningTask
from arvae_music.training.presets import preset_settings
from arvae_music.training.prior import PriorTask
from arvae_music.training.settings import TrainingSettings
from arvae_music.training.tasks import EventTask, Measures, Task, VaeTask
from arvae_music.training.tunes import Tunes

ROWS, BATCH = 48, 16
META = torch.device("meta")


def measures(seed: int = 0) -> Measures:
    """Measures of all meters with a note on every other tick."""
    generator = np.random.default_rng(seed)
    meters = np.arange(ROWS, dtype=np.uint8) % len(GRIDS)
    tokens = np.full((ROWS, TICKS), HOLD, np.int16)
    tokens[:, ::2] = generator.integers(LOWEST, HIGHEST + 1, (ROWS, TICKS // 2))
    for row, meter in enumerate(meters):
        tokens[row, GRIDS[meter].ticks :] = PAD
    return Measures(tokens, meters, np.full(ROWS, -1, np.int16))


def tunes(rows: Measures) -> Tunes:
    count = len(rows.tokens)
    return Tunes(rows.tokens, rows.meters, np.arange(count) // 12, np.zeros(count, np.uint8), 70.0)


def of_vae(settings: TrainingSettings) -> Task:
    return VaeTask(measures(), measures().part(0, 0), settings)


def of_events(settings: TrainingSettings) -> Task:
    return EventTask(measures(), measures().part(0, 0), settings)


def of_listening(settings: TrainingSettings) -> Task:
    rows = measures()
    copies = np.stack([measures(seed).tokens for seed in range(1, settings.copies + 1)])
    trained = MeasureVAE(VaeTask.sizes_of(settings.model))
    return ListeningTask(rows, rows.part(0, 0), settings, copies, trained)


def of_prior(settings: TrainingSettings) -> Task:
    rows = measures()
    return PriorTask(MeasureVAE(settings.model), tunes(rows), tunes(rows.part(0, 0)), settings)


class Watch(TorchDispatchMode):
    """Fails where something of the host's is brought to the device, but for single numbers."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        given = [t for t in tree_leaves((args, kwargs)) if isinstance(t, torch.Tensor)]
        made = [t for t in tree_leaves(out) if isinstance(t, torch.Tensor)]
        if any(t.is_meta for t in made) and any(not t.is_meta and t.dim() for t in given):
            raise AssertionError(f"{func} brings something from the host")
        return out


@pytest.mark.parametrize("make", [of_vae, of_events, of_listening, of_prior])
@pytest.mark.parametrize("preset", ["default", "beta-vae", "normal"])
def test_a_step_waits_for_nothing(
    make: Callable[[TrainingSettings], Task], preset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Reduced precision is not known there.
    monkeypatch.setattr(torch, "is_autocast_enabled", lambda _: False)
    monkeypatch.setattr(torch, "autocast", lambda _, enabled: nullcontext(enabled))
    settings = preset_settings(preset)
    settings = replace(settings, model=replace(settings.model, encoder_width=8, decoder_width=8))
    task = make(settings)
    task.module.to(META)
    task.to(META)
    rows, generator = torch.arange(BATCH, device=META), torch.Generator()
    task.losses(task.module, rows, generator)  # tables are brought there once
    with Watch():  # type: ignore[no-untyped-call]
        loss = task.losses(task.module, rows, generator)["loss"]
        loss.backward()
    assert loss.is_meta
    assert all(p.grad is not None for p in task.module.parameters() if p.requires_grad)


@pytest.mark.parametrize("make", [of_vae, of_listening])
def test_what_an_accelerator_does_comes_to_the_same(
    make: Callable[[TrainingSettings], Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = preset_settings("default")
    settings = replace(settings, model=replace(settings.model, encoder_width=8, decoder_width=8))
    task = make(settings)

    def terms_and_gradients() -> tuple[dict[str, torch.Tensor], list[torch.Tensor]]:
        task.module.zero_grad()
        terms = task.losses(task.module, torch.arange(BATCH), torch.Generator().manual_seed(0))
        terms["loss"].backward()
        gradients = [p.grad.clone() for p in task.module.parameters() if p.grad is not None]
        return {name: term.detach() for name, term in terms.items()}, gradients

    here = terms_and_gradients()
    for module in (layers, encoder, vae):
        monkeypatch.setattr(module, "can_count", lambda _: False)
    there = terms_and_gradients()
    torch.testing.assert_close(there, here, rtol=1e-4, atol=1e-6)
