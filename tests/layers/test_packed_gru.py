"""The GRU over packed clicks: torch's own as the oracle, and gradients by differences."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_sequence

from srgnn_bench.layers.packed_gru import packed_gru

LENGTHS = (3, 1, 7, 2, 2)


def sessions(lengths: tuple[int, ...] = LENGTHS) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [
        torch.randn(length, 6, generator=generator, dtype=torch.double).requires_grad_()
        for length in lengths
    ]


def results_of(gru: nn.GRU, found: tuple[PackedSequence, torch.Tensor]) -> list[torch.Tensor]:
    """Values, and a sum of both in which every entry has a weight of its own."""
    states, final = found
    weights = torch.arange(states.data.numel(), dtype=states.data.dtype).view_as(states.data)
    gru.zero_grad()
    ((states.data * weights.sin()).sum() + final.square().sum()).backward()
    return [states.data.detach(), final.detach()]


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("lengths", [LENGTHS, (1, 1), (4,), (5, 4, 4)])
def test_states_and_gradients_are_those_of_torch(
    bias: bool, layers: int, lengths: tuple[int, ...]
) -> None:
    torch.manual_seed(1)
    gru = nn.GRU(6, 5, layers, bias=bias).double()
    found = []
    for function in (gru, lambda sequence: packed_gru(gru, sequence)):
        inputs = sessions(lengths)
        values = results_of(gru, function(pack_sequence(inputs, enforce_sorted=False)))
        weights = [parameter.grad for parameter in gru.parameters()]
        found.append([*values, *weights, *(each.grad for each in inputs)])
    torch.testing.assert_close(found[0], found[1], rtol=1e-10, atol=1e-12)


def test_a_sequence_packed_in_order_needs_no_indices() -> None:
    gru = nn.GRU(6, 5).double()
    sequence = pack_sequence(sessions((4, 2, 1)))
    states, final = packed_gru(gru, sequence)
    expected, last = gru(sequence)
    torch.testing.assert_close(states.data, expected.data)
    torch.testing.assert_close(final, last)


def test_the_gradient_is_right() -> None:
    gru = nn.GRU(6, 5, 2).double()
    inputs = sessions()

    def last_states(*each: torch.Tensor) -> torch.Tensor:
        return packed_gru(gru, pack_sequence(list(each), enforce_sorted=False))[1]

    assert torch.autograd.gradcheck(last_states, inputs)


def test_nothing_of_a_session_reaches_another() -> None:
    gru = nn.GRU(6, 5).double()
    inputs = sessions()
    packed_gru(gru, pack_sequence(inputs, enforce_sorted=False))[1][0, 2].sum().backward()
    reached = [each.grad is not None and bool(each.grad.any()) for each in inputs]
    assert reached == [False, False, True, False, False]
