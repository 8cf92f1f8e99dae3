"""Where a model is trained, in words."""

from __future__ import annotations

import platform
from pathlib import Path

import torch


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
