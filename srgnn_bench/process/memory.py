"""Keeps the memory that one step of a training frees for the next step."""

from __future__ import annotations

import contextlib
import ctypes
import platform
from collections.abc import Iterator

# <malloc.h>
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4

LARGEST_THRESHOLD = 32 * 2**20
"""Bytes of the largest block from which glibc learns to keep such blocks on its heap."""


@contextlib.contextmanager
def freed_memory_kept() -> Iterator[None]:
    """In the block, memory that is freed is used again and not returned to the system.

    Every step of a training frees gradients of the catalogue's size and asks for as much again. In
    between glibc returns them: those above 32 MB always, smaller ones when what is free at the end
    of its heap comes to twice the largest block freed so far, as two gradients do. The system
    then clears every page anew, which can take a fifth of a step, and more than half of it where
    the catalogue is large.

    The price is memory: the process keeps what it once had, and large blocks of changing sizes
    leave gaps. After the block the rest is returned, and glibc does as it does by itself once it
    has seen a large block. Nothing happens where the C library is another one. The setting is the
    process's own; a block in another thread that ends first ends it for both.
    """
    if platform.libc_ver()[0] != "glibc":
        yield
        return
    libc = ctypes.CDLL(None)
    libc.mallopt(_TRIM_THRESHOLD, -1)
    libc.mallopt(_MMAP_MAX, 0)
    try:
        yield
    finally:
        libc.mallopt(_MMAP_MAX, 65536)
        libc.mallopt(_MMAP_THRESHOLD, LARGEST_THRESHOLD)
        libc.mallopt(_TRIM_THRESHOLD, 2 * LARGEST_THRESHOLD)
        libc.malloc_trim(0)
