"""A GPU that is not there: tensors that say they are on one, and operations that mind it.

Numbers are computed on the CPU. What a GPU would refuse is refused: an operation on tensors of
both, but for single numbers, indices and copies.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_flatten, tree_map
from torch.utils.backend_registration import (
    _DummyBackendModule,
    _setup_privateuseone_for_python_backend,
)

NAME = "pretended"

aten = torch.ops.aten
COPIES = {aten.copy_.default, aten._to_copy.default}
INDEXED = {
    aten.index.Tensor,
    aten.index_put.default,
    aten.index_put_.default,
    aten._unsafe_index.Tensor,
}
"""Operations whose second argument, the indices, may be on the CPU where the first is not."""


class OnGpu(torch.Tensor):
    """A tensor of the GPU; ``elem`` holds its numbers."""

    elem: torch.Tensor

    @staticmethod
    def __new__(cls, elem: torch.Tensor) -> OnGpu:
        made = torch.Tensor._make_wrapper_subclass(
            cls,
            elem.size(),
            strides=elem.stride(),
            storage_offset=elem.storage_offset(),
            dtype=elem.dtype,
            layout=elem.layout,
            device=torch.device(NAME, 0),
        )
        made.elem = elem
        return made

    __torch_function__ = torch._C._disabled_torch_function_impl

    def __repr__(self) -> str:
        return f"OnGpu({self.elem!r})"

    def tolist(self) -> Any:
        return self.elem.tolist()

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return computed(func, args, kwargs or {})


def _gru_cell(
    of_input: torch.Tensor,
    of_hidden: torch.Tensor,
    hidden: torch.Tensor,
    input_bias: torch.Tensor | None = None,
    hidden_bias: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """A step of a GRU, which the CPU has in other parts; what it keeps for the backward pass."""
    i, h = (
        of_input + (0 if input_bias is None else input_bias),
        of_hidden + (0 if hidden_bias is None else hidden_bias),
    )
    (i_r, i_z, i_n), (h_r, h_z, h_n) = i.chunk(3, 1), h.chunk(3, 1)
    r, z = torch.sigmoid(i_r + h_r), torch.sigmoid(i_z + h_z)
    n = torch.tanh(i_n + r * h_n)
    return n + z * (hidden - n), torch.cat([r, z, n, hidden, h_n], 1)


def _gru_cell_backward(
    grad: torch.Tensor, kept: torch.Tensor, has_bias: bool
) -> tuple[torch.Tensor | None, ...]:
    r, z, n, hidden, h_n = kept.chunk(5, 1)
    into_n = grad * (1 - z) * (1 - n**2)
    into_z = grad * (hidden - n) * z * (1 - z)
    into_r = into_n * h_n * r * (1 - r)
    of_input = torch.cat([into_r, into_z, into_n], 1)
    of_hidden = torch.cat([into_r, into_z, into_n * r], 1)
    biases = (of_input.sum(0), of_hidden.sum(0)) if has_bias else (None, None)
    return of_input, of_hidden, grad * z, *biases


GPUS_ALONE = {
    aten._thnn_fused_gru_cell.default: _gru_cell,
    aten._thnn_fused_gru_cell_backward.default: _gru_cell_backward,
}
"""Operations that the CPU does not have."""


def computed(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    tensors = [x for x in tree_flatten((args, kwargs))[0] if isinstance(x, torch.Tensor)]
    there = any(isinstance(x, OnGpu) for x in tensors)
    wanted = kwargs.get("device")
    if there and func not in COPIES:
        bound = [args[0], args[2:]] if func in INDEXED and isinstance(args[0], OnGpu) else tensors
        here = [x for x in tree_flatten(bound)[0] if isinstance(x, torch.Tensor)]
        here = [x for x in here if not isinstance(x, OnGpu) and x.dim() > 0]
        if here:
            raise RuntimeError(f"{func} of tensors on {NAME} and on the CPU, {here[0].shape}")
    if wanted is not None:
        there = torch.device(wanted).type == NAME
        kwargs = {**kwargs, "device": torch.device("cpu")}
    elif func is aten.copy_.default:
        there = isinstance(args[0], OnGpu)

    def plain(x: Any) -> Any:
        return x.elem if isinstance(x, OnGpu) else x

    out = GPUS_ALONE.get(func, func)(*tree_map(plain, args), **tree_map(plain, kwargs))
    if not there:
        return out
    out = tree_map(lambda x: OnGpu(x) if isinstance(x, torch.Tensor) else x, out)
    return return_and_correct_aliasing(func, args, kwargs, out)


class _Mode(TorchDispatchMode):
    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return computed(func, args, kwargs or {})


class _Backend(_DummyBackendModule):
    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        return [torch.bfloat16]


_known = False


@contextmanager
def simulated_gpu() -> Iterator[str]:
    """In the block there is such a device; its name."""
    global _known
    if not _known:
        _setup_privateuseone_for_python_backend(NAME, backend_module=_Backend())
        _known = True
    # Else torch.tensor(..., device=NAME) would go by the mode.
    torch._C._set_only_lift_cpu_tensors(True)
    try:
        # Backward passes would have a thread of their own, where the mode is not.
        with torch.autograd.set_multithreading_enabled(False), _Mode():
            yield NAME
    finally:
        torch._C._set_only_lift_cpu_tensors(False)
