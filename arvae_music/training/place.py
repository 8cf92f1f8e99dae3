"""Where a model is trained: on which device, with how many threads and processes; and in words."""

from __future__ import annotations

import platform
from pathlib import Path

import torch
from lightning_fabric import Fabric

from arvae_music.errors import UsageError
from arvae_music.memory import keep_memory
from arvae_music.training.peers import machines
from arvae_music.training.settings import Place


def make_fabric(settings: Place) -> Fabric:
    """Device, precision and processes as the settings say.

    Raises:
        UsageError: `cuda` is asked for and there is none.
    """
    check_place(settings)
    cuda = settings.device == "cuda" or (settings.device == "auto" and torch.cuda.is_available())
    if settings.threads:
        torch.set_num_threads(settings.threads)
    keep_memory()
    precision = settings.precision
    if precision == "auto":
        fast = torch.cuda.is_bf16_supported() if cuda else _fast_bfloat16()
        precision = "bf16-mixed" if fast else "32-true"
    accelerator = "cuda" if cuda else "cpu"
    fabric = Fabric(
        accelerator=accelerator,
        devices=settings.devices,
        num_nodes=machines(),
        precision=precision,  # type: ignore[arg-type]
    )
    fabric.launch()
    return fabric


def check_place(settings: Place) -> None:
    """Refuse a device that is not there.

    Raises:
        UsageError: `cuda` is asked for and there is none.
    """
    if settings.device == "cuda" and not torch.cuda.is_available():
        raise UsageError("--device cuda: torch finds no CUDA device here; take --device cpu")


def _fast_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 matrices in hardware (AMX, or AVX-512 with BF16)."""
    checks = (getattr(torch.cpu, f"_is_{name}_supported", None) for name in ("amx_tile", "avx512_bf16"))
    return any(check is not None and check() for check in checks)


def machine(device: torch.device) -> str:
    """The processor, and the device if it is another, as a checkpoint's card says it."""
    threads = torch.get_num_threads()
    words = f"{_processor()}, {threads} thread{'' if threads == 1 else 's'}"
    return f"{torch.cuda.get_device_name(device)}, {words}" if device.type == "cuda" else words


def _processor() -> str:
    """Its model if the system tells, else its kind."""
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(filter(None, models), "") or platform.processor() or platform.machine()
