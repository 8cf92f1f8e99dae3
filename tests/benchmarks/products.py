"""What matrix products take of anything's time, as a profile has it."""

from __future__ import annotations

from collections.abc import Callable

from torch.profiler import ProfilerActivity, profile

PRODUCTS = {"aten::mm", "aten::bmm", "aten::addmm", "aten::baddbmm"}


def product_share(work: Callable[[], object]) -> float:
    """Share of the time that something takes in matrix products."""
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        for _ in range(5):
            work()
    times = {row.key: row.self_cpu_time_total for row in profiler.key_averages()}
    return float(sum(times.get(name, 0) for name in PRODUCTS) / sum(times.values()))
