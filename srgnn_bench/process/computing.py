"""Computes on a device: the same bits each time, and what it is and has left in words."""

from __future__ import annotations

import contextlib
import gc
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from srgnn_bench.errors import DeviceError, ModelError
from srgnn_bench.process.device import (
    CUBLAS_VARIABLE,
    CUBLAS_WORKSPACES,
    Device,
    prepare_cuda,
)

VISIBLE_VARIABLE = "CUDA_VISIBLE_DEVICES"

_NO_MEMORY = re.compile(r"out of memory|can't allocate memory|not enough memory|ALLOC_FAILED")


@contextlib.contextmanager
def computing_on(device: Device) -> Iterator[None]:
    """In the block, compute on a device so that the same inputs give the same bits.

    Adding by index, of which gradients of embeddings are made, is atomic on a GPU, and on a CPU
    with several threads too: the order of the additions, and with it the rounding, is anybody's
    guess. Torch's deterministic algorithms fix it. Single precision is meant as such: a GPU's
    TensorFloat-32 is off. All this is the process's own, and as before after the block; memory
    that torch keeps of a GPU is given back.

    Raises:
        DeviceError: the device cannot be used, or CUDA has started in another way.
    """
    _start(device)
    before = torch.are_deterministic_algorithms_enabled()
    warned = torch.is_deterministic_algorithms_warn_only_enabled()
    filled = torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    torch.use_deterministic_algorithms(device.deterministic)
    # It is a help to find faults, and costs a pass over every new tensor.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    try:
        with _single_precision(device):
            yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=warned)
        torch.utils.deterministic.fill_uninitialized_memory = filled  # type: ignore[attr-defined]
        _release(device)


@contextlib.contextmanager
def computing_with_threads(count: int) -> Iterator[None]:
    """In the block, have torch use so many threads, which decide how sums are rounded."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextlib.contextmanager
def subnormals_as_zero() -> Iterator[None]:
    """In the block, have the CPU take numbers below 1e-38 for zero where a product comes to them.

    It computes with such numbers a hundred times slower, in single precision. They are what is left
    of the weights of a model that weight decay pulls to nothing, and nothing hangs on them. The
    setting is that of the thread, and of the threads that torch starts in the block.
    """
    before = bool(torch.tensor(1e-40) == 0)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)


@contextlib.contextmanager
def limits_named(what: str, *, device: torch.device, remedy: str) -> Iterator[None]:
    """In the block, say in one sentence where a device has too little memory or no such operation.

    Args:
        what: what is done, to begin the sentence with.
        device: where it is done.
        remedy: what to do where memory runs out.

    Raises:
        ModelError: memory ran out, or an operation has no deterministic algorithm.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        said = str(error).partition("\n")[0] or type(error).__name__
        if out_of_memory(error):
            raise ModelError(
                f"{what} ran out of memory on {device}, where {free_memory(device)}: {said}",
                remedy=remedy,
            ) from error
        if "does not have a deterministic implementation" in said:
            raise ModelError(
                f"{what} needs an operation that torch has no deterministic algorithm for on "
                f"{device}: {said.partition(' does not')[0]}.",
                remedy="Allow others with --no-deterministic (in Python: deterministic=False); "
                "the same training may then give other numbers each time.",
            ) from error
        raise


def worker_environments(device: Device, *, workers: int) -> list[dict[str, str]]:
    """What the environments of worker processes say about the device, before torch is imported.

    Each sees one GPU; where there are fewer, they share them in turn. One with a number is for all
    of them.

    Args:
        device: of this process.
        workers: how many.
    """
    if device.kind != "cuda":
        return [{} for _ in range(workers)]
    count = torch.cuda.device_count()
    listed = os.environ.get(VISIBLE_VARIABLE)
    # The list may name GPUs that are not there; CUDA heeds it up to the first of them.
    gpus = [*map(str, range(count))] if listed is None else listed.split(",")[:count]
    if device.index is not None:
        gpus = [gpus[device.index]]
    start = {CUBLAS_VARIABLE: CUBLAS_WORKSPACES} if device.deterministic else {}
    return [{VISIBLE_VARIABLE: gpus[n % len(gpus)].strip(), **start} for n in range(workers)]


def out_of_memory(error: Exception) -> bool:
    """Whether memory ran out. Torch has a class of its own for a CUDA device's alone."""
    if isinstance(error, (torch.cuda.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and _NO_MEMORY.search(str(error)) is not None


def free_memory(device: torch.device) -> str:
    """What is left of a device's memory, in words."""
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info(device)
    elif device.type == "mps":
        total = torch.mps.recommended_max_memory()
        free = total - torch.mps.driver_allocated_memory()
    else:
        page = os.sysconf("SC_PAGE_SIZE")
        free, total = (page * os.sysconf(name) for name in ("SC_AVPHYS_PAGES", "SC_PHYS_PAGES"))
    return f"{free / 2**30:.1f} of {total / 2**30:.1f} GiB were free"


def refuse_emulation(precision: str, device: torch.device) -> None:
    """Refuse a precision of products that the device would only imitate, which is slow.

    Args:
        precision: ``float32`` or ``bfloat16``.
        device: where it is computed.

    Raises:
        DeviceError: it has no products of that precision.
    """
    if precision == "float32" or has_bfloat16(device):
        return
    raise DeviceError(
        f"{'This processor' if device.type == 'cpu' else f'The device {device}'} has no products "
        f"in {precision}, and would imitate them slowly.",
        remedy="Leave training.precision at float32; bfloat16 needs a processor with AMX or "
        "AVX512-BF16, or a GPU that has it.",
    )


def has_bfloat16(device: torch.device) -> bool:
    """Whether a device has products in bfloat16 of its own."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    asked = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    known = [getattr(torch.cpu, name) for name in asked if hasattr(torch.cpu, name)]
    return device.type == "cpu" and any(has() for has in known)


def device_facts(device: Device) -> dict[str, Any]:
    """What a record says of a device, JSON values only."""
    facts: dict[str, Any] = {
        "device": device.kind,
        "deterministic": device.deterministic,
    }
    if device.kind == "cuda":
        facts["gpu"] = gpu_facts(device.index or 0)
    return facts


def gpu_facts(index: int) -> dict[str, Any]:
    """Name, memory, driver and libraries of a GPU, JSON values only.

    Args:
        index: which of the GPUs that the process can see.
    """
    properties = torch.cuda.get_device_properties(index)
    return {
        "name": properties.name,
        "memory_bytes": properties.total_memory,
        "capability": f"{properties.major}.{properties.minor}",
        "driver": nvidia_driver(),
        "cuda": torch.version.cuda,
        "hip": torch.version.hip,
        "cudnn": torch.backends.cudnn.version(),  # type: ignore[no-untyped-call]
    }


def nvidia_driver() -> str | None:
    """Version of NVIDIA's driver on this machine; None where there is none."""
    with contextlib.suppress(OSError):
        text = Path("/proc/driver/nvidia/version").read_text(encoding="utf-8", errors="replace")
        if found := re.search(r"Kernel Module\D*?(\d+\.[\d.]+)", text):
            return found[1]
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        asked = subprocess.run(
            ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        return asked.stdout.split("\n")[0].strip() or None
    return None


def _start(device: Device) -> None:
    """See that a device can be used, before anything is."""
    if device.kind == "cuda" and device.deterministic and not prepare_cuda():
        raise DeviceError(
            f"CUDA started in this process without {CUBLAS_VARIABLE}, so that the same "
            "training may give other numbers each time.",
            remedy=f"Set {CUBLAS_VARIABLE}={CUBLAS_WORKSPACES} and start the process again, or "
            "give up the same bits with --no-deterministic (in Python: deterministic=False).",
        )
    if device.kind != "cpu":
        try:
            torch.ones(1, device=device.torch).sum().item()
        except Exception as error:  # whatever a driver says
            raise DeviceError(
                f"{device} cannot be used ({type(error).__name__}: {str(error).splitlines()[0]}).",
                remedy="srgnn-bench doctor says what torch sees; --device cpu does without.",
            ) from error


@contextlib.contextmanager
def _single_precision(device: Device) -> Iterator[None]:
    """Multiply numbers of single precision as such, in products and recurrent layers."""
    if device.kind != "cuda":
        yield
        return
    cudnn = torch.backends.cudnn
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        with cudnn.flags(
            enabled=cudnn.enabled, deterministic=device.deterministic, allow_tf32=False
        ):
            yield
    finally:
        torch.set_float32_matmul_precision(before)


def _release(device: Device) -> None:
    """Give back what torch keeps of a GPU, so that what comes next finds it whole."""
    if device.kind == "cpu":
        return
    gc.collect()  # an error's traceback holds tensors, and often itself
    if device.kind == "cuda":
        torch.cuda.empty_cache()
    else:
        torch.mps.empty_cache()
