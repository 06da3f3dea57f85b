"""A GRU over packed clicks, without a copy of all clicks at each step.

On a CPU the backward pass of ``torch.nn.GRU`` over a packed sequence writes a gradient of all
clicks for each step, of which the step's own part is not zero; that is a quarter of a training step
of a model such as NARM. Here the gradients of all steps are parts of one array, and those of the
weights one product each, as in backpropagation through time by hand.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import nn
from torch.nn.functional import linear
from torch.nn.utils.rnn import PackedSequence


def packed_gru(gru: nn.GRU, sequence: PackedSequence) -> tuple[PackedSequence, torch.Tensor]:
    """What ``gru(sequence)`` gives, to rounding: the states after each click, and the last ones.

    Args:
        gru: one direction, no dropout between its layers.
        sequence: the clicks' vectors.

    Returns:
        The top layer's states, packed as the clicks are, and the last states of every layer, shape
        (layers, sessions, hidden_size), in the order of the batch.
    """
    if sequence.data.device.type != "cpu":  # cuDNN has a way of its own
        found: tuple[PackedSequence, torch.Tensor] = gru(sequence)
        return found
    sizes = sequence.batch_sizes
    lengths = (sizes[:, None] > torch.arange(int(sizes[0]))).sum(0)
    last = (sizes.cumsum(0) - sizes)[lengths - 1] + torch.arange(len(lengths))
    states, final = sequence.data, []
    for of_input, of_state, *biases in gru.all_weights:
        input_bias, state_bias = biases or (None, None)
        states = _Layer.apply(  # type: ignore[no-untyped-call]
            linear(states, of_input, input_bias), of_state, state_bias, sizes.tolist()
        )
        final.append(states.index_select(0, last))
    in_order = torch.stack(final)
    if sequence.unsorted_indices is not None:
        in_order = in_order.index_select(1, sequence.unsorted_indices)
    return sequence._replace(data=states), in_order


class _Layer(torch.autograd.Function):
    """One layer, given what its inputs add to the gates.

    With a = W x + b for the inputs x, shape (clicks, 3 h), and u = U h_{t-1} + c for the state,

        r = sigmoid(a_r + u_r),  z = sigmoid(a_z + u_z),  n = tanh(a_n + r u_n)
        h_t = n + z (h_{t-1} - n)

    The gradient g of h_t enters each gate as a factor that depends on none of the later steps:

        of u_r  g (1 - z) (1 - n^2) u_n r (1 - r)
        of u_z  g (h_{t-1} - n) z (1 - z)
        of u_n  g (1 - z) (1 - n^2) r

    The factors of all clicks are computed at once. What remains of a step is one product with U.
    """

    @staticmethod
    def forward(
        ctx: Any,
        of_input: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        sizes: list[int],
    ) -> torch.Tensor:
        clicks, size = len(of_input), weight.shape[1]
        # The states before each click, and those after them.
        before, states = (of_input.new_empty(clicks, size) for _ in range(2))
        before[: sizes[0]] = 0
        gates = torch.empty_like(of_input)  # r, z and n
        pulled = of_input.new_empty(clicks, size)  # u_n
        start = 0
        for now, then in pairwise([*sizes, 0]):
            rows = slice(start, start + now)
            both, n = gates[rows, : 2 * size], gates[rows, 2 * size :]
            u = linear(before[rows], weight, bias)
            torch.add(of_input[rows, : 2 * size], u[:, : 2 * size], out=both).sigmoid_()
            r, z = torch.split(both, size, dim=1)
            pulled[rows] = u[:, 2 * size :]
            torch.addcmul(of_input[rows, 2 * size :], r, pulled[rows], out=n).tanh_()
            torch.lerp(n, before[rows], z, out=states[rows])
            start += now
            before[start : start + then] = states[rows][:then]
        ctx.save_for_backward(weight, before, gates, pulled)
        ctx.sizes, ctx.biased = sizes, bias is not None
        return states

    @staticmethod
    def backward(
        ctx: Any, gradient: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None, None]:
        weight, before, gates, pulled = ctx.saved_tensors
        size = weight.shape[1]
        r, z, n = torch.split(gates, size, dim=1)
        new = (1 - z) * (1 - n * n)
        factors = torch.stack([new * pulled * r * (1 - r), (before - n) * z * (1 - z), new * r], 1)
        of_states = gradient.clone()  # of h_t, with what later steps add
        of_state = torch.empty_like(gates)  # of u
        stop = len(of_states)
        later: torch.Tensor | None = None
        for now in reversed(ctx.sizes):
            rows = slice(stop - now, stop)
            g = of_states[rows]
            if later is not None:
                g[: len(later)] += later
            torch.mul(g[:, None], factors[rows], out=of_state[rows].view(now, 3, size))
            later = torch.addmm(g * z[rows], of_state[rows], weight)
            stop -= now
        of_input = of_state.clone()
        torch.mul(of_states, new, out=of_input[:, 2 * size :])
        of_weight = of_state.T @ before
        return of_input, of_weight, of_state.sum(0) if ctx.biased else None, None
