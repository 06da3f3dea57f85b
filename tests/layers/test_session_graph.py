from __future__ import annotations

from collections import Counter
from itertools import combinations, pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_models import LONGEST, tiny_batch

from srgnn_bench.data.sessions import Sessions
from srgnn_bench.layers.global_graph import GlobalGraph
from srgnn_bench.layers.ragged import ordered_clicks
from srgnn_bench.layers.session_graph import full_edges, session_edges, session_nodes

sessions = st.lists(
    st.lists(st.integers(1, 6), min_size=1, max_size=LONGEST), min_size=1, max_size=6
)


def graph_of(batch: list[list[int]], weights="binary"):
    interaction = tiny_batch(batch)
    clicks = ordered_clicks(interaction["item_id_list"], interaction["item_length"])
    nodes = session_nodes(clicks)
    return clicks, nodes, session_edges(clicks, nodes, weights=weights)


def by_name(nodes, edges) -> dict[tuple[int, int, int], tuple[float, float]]:
    """(session, item left, item entered) -> (incoming, outgoing)."""
    names = list(zip(nodes.session.tolist(), nodes.items.tolist(), strict=True))
    found = {}
    for source, target, incoming, outgoing in zip(
        *(t.tolist() for t in (edges.source, edges.target, edges.incoming, edges.outgoing)),
        strict=True,
    ):
        (session, left), (same_session, entered) = names[source], names[target]
        assert session == same_session
        assert (session, left, entered) not in found
        found[session, left, entered] = incoming, outgoing
    return found


def slow_edges(batch: list[list[int]], weights: str, pairs_of=pairwise):
    """The same with dictionaries, click by click."""
    expected = {}
    for number, session in enumerate(batch):
        walked = Counter(pairs_of(session))
        if weights == "binary":
            walked = Counter(dict.fromkeys(walked, 1))
        for pair, shares in normalised(walked).items():
            expected[(number, *pair)] = shares
    return expected


def normalised(walked: Counter) -> dict[tuple[int, int], tuple[float, float]]:
    return {
        (left, entered): (
            weight / sum(w for (_, v), w in walked.items() if v == entered),
            weight / sum(w for (u, _), w in walked.items() if u == left),
        )
        for (left, entered), weight in walked.items()
    }


def test_worked_example_of_the_paper():
    _, nodes, edges = graph_of([[1, 2, 3, 2, 4]])
    assert nodes.items.tolist() == [1, 2, 3, 4]
    found = by_name(nodes, edges)
    assert {pair[1:]: outgoing for pair, (_, outgoing) in found.items()} == {
        (1, 2): 1,
        (2, 3): 0.5,
        (2, 4): 0.5,
        (3, 2): 1,
    }
    assert {pair[1:]: incoming for pair, (incoming, _) in found.items()} == {
        (1, 2): 0.5,
        (3, 2): 0.5,
        (2, 3): 1,
        (2, 4): 1,
    }


def test_an_edge_walked_twice():
    batch = [[1, 2, 1, 2, 3]]
    binary = by_name(*graph_of(batch, "binary")[1:])
    count = by_name(*graph_of(batch, "count")[1:])
    assert binary[0, 2, 1][1] == binary[0, 2, 3][1] == 0.5
    assert count[0, 1, 2] == (1, 1)
    assert count[0, 2, 1] == (1, 0.5)


@pytest.mark.parametrize("weights", ["binary", "count"])
@given(batch=sessions)
def test_edges_are_those_of_the_slow_construction(weights, batch):
    _, nodes, edges = graph_of(batch, weights)
    found, expected = by_name(nodes, edges), slow_edges(batch, weights)
    assert found.keys() == expected.keys()
    for pair, values in expected.items():
        assert found[pair] == pytest.approx(values)


@given(batch=sessions)
def test_full_edges_lead_to_every_later_click(batch):
    clicks, nodes, _ = graph_of(batch)
    found = by_name(nodes, full_edges(clicks, nodes))
    expected = slow_edges(batch, "binary", pairs_of=lambda session: combinations(session, 2))
    assert found.keys() == expected.keys()
    for pair, values in expected.items():
        assert found[pair] == pytest.approx(values)


@given(batch=sessions, trained=sessions)
def test_global_weights_are_those_of_all_training_sessions(batch, trained):
    _, nodes, edges = graph_of(batch)
    graph = GlobalGraph(Sessions.from_lists(trained), n_items=7)
    found = by_name(nodes, graph.reweighted(edges, nodes))
    expected = normalised(Counter(pair for session in trained for pair in pairwise(session)))
    assert found.keys() == by_name(nodes, edges).keys()
    for (_, left, entered), values in found.items():
        assert values == pytest.approx(expected.get((left, entered), (0, 0)))


@given(batch=sessions)
def test_nodes_are_the_distinct_items_of_each_session(batch):
    clicks, nodes, _ = graph_of(batch)
    expected = [(n, item) for n, session in enumerate(batch) for item in sorted(set(session))]
    found = list(zip(nodes.session.tolist(), nodes.items.tolist(), strict=True))
    assert found == expected
    assert nodes.clicks.tolist() == [batch[n].count(item) for n, item in expected]
    assert torch.equal(nodes.items[nodes.of_click], clicks.items)
    assert torch.equal(nodes.session[nodes.of_click], clicks.session)
    assert nodes.items[nodes.last].tolist() == [session[-1] for session in batch]


@given(batch=sessions)
def test_what_enters_and_what_leaves_a_node_adds_up_to_one(batch):
    _, nodes, edges = graph_of(batch, "count")
    for end, weight in ((edges.target, edges.incoming), (edges.source, edges.outgoing)):
        total = torch.zeros(len(nodes.items)).index_add(0, end, weight)
        touched = torch.unique(end)
        torch.testing.assert_close(total[touched], torch.ones(len(touched)))


@given(batch=sessions)
def test_a_session_is_the_same_alone_and_in_any_batch(batch):
    together = by_name(*graph_of(batch)[1:])
    for number, session in enumerate(batch):
        alone = by_name(*graph_of([session])[1:])
        assert {pair[1:]: value for pair, value in alone.items()} == {
            pair[1:]: value for pair, value in together.items() if pair[0] == number
        }
