"""Memory that is used again and again."""

from __future__ import annotations

import ctypes
import os
from functools import cache

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Numbers of `mallopt`'s parameters in glibc."""


@cache
def keep_memory() -> None:
    """Have the C library keep what is freed, up to 1 GiB, for what comes next; for the whole process.

    Steps of training, and ticks of a search, are all alike. Else glibc gives much of their memory back and
    asks for it again, some thousand pages each time, which takes up to a tenth of the time. Other C libraries
    are left as they are.
    """
    try:
        known = os.confstr("CS_GNU_LIBC_VERSION")
    except (AttributeError, ValueError):
        return
    if known:
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_TRIM_THRESHOLD, 2**30)
        mallopt(_MMAP_THRESHOLD, 2**25)  # more than that is refused
