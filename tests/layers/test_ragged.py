from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_models import LONGEST, tiny_batch
from torch.nn.utils.rnn import pack_padded_sequence

from srgnn_bench.errors import ModelError
from srgnn_bench.layers.ragged import ordered_clicks, packed_clicks

sessions = st.lists(
    st.lists(st.integers(1, 9), min_size=1, max_size=LONGEST), min_size=1, max_size=6
)


def padded(batch: list[list[int]], *, width: int = LONGEST):
    interaction = tiny_batch(batch, width=width)
    return interaction["item_id_list"], interaction["item_length"]


@given(batch=sessions)
def test_clicks_keep_their_order_and_session(batch):
    clicks = ordered_clicks(*padded(batch))
    assert clicks.items.tolist() == [item for session in batch for item in session]
    assert clicks.session.tolist() == [n for n, session in enumerate(batch) for _ in session]
    assert clicks.items[clicks.last].tolist() == [session[-1] for session in batch]


@given(batch=sessions)
def test_causal_pairs_are_all_that_a_click_may_see(batch):
    clicks = ordered_clicks(*padded(batch))
    later, earlier = (places.tolist() for places in clicks.causal_pairs)
    expected = [
        (i, j)
        for i, session in enumerate(clicks.session.tolist())
        for j in range(i + 1)
        if clicks.session[j] == session
    ]
    assert list(zip(later, earlier, strict=True)) == expected


@given(batch=sessions)
def test_all_pairs_are_those_of_a_session(batch):
    clicks = ordered_clicks(*padded(batch))
    ones, others = (places.tolist() for places in clicks.all_pairs)
    session = clicks.session.tolist()
    expected = [
        (i, j) for i in range(len(session)) for j in range(len(session)) if session[i] == session[j]
    ]
    assert list(zip(ones, others, strict=True)) == expected


@given(batch=sessions)
def test_packing_is_that_of_torch(batch):
    item_seq, lengths = padded(batch)
    clicks = packed_clicks(item_seq, lengths)
    expected = pack_padded_sequence(item_seq, lengths, batch_first=True, enforce_sorted=False)
    assert torch.equal(clicks.batch_sizes, expected.batch_sizes)
    sequence = clicks.sequence(clicks.items)
    assert torch.equal(sequence.sorted_indices[sequence.unsorted_indices], torch.arange(len(batch)))
    for n, session in enumerate(batch):
        assert clicks.items[clicks.session == n].tolist() == session


@given(batch=sessions)
def test_sums_and_spreads_are_by_session(batch):
    for clicks in (ordered_clicks(*padded(batch)), packed_clicks(*padded(batch))):
        total = clicks.sum(clicks.items[:, None].double())
        assert total[:, 0].tolist() == [sum(session) for session in batch]
        assert clicks.spread(torch.arange(len(batch))[:, None])[:, 0].equal(clicks.session)


def test_a_session_without_clicks_is_an_error():
    with pytest.raises(ModelError, match="without clicks"):
        ordered_clicks(*padded([[1, 2], []]))
