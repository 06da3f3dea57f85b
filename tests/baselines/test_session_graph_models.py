"""The later session models against their formulas, session by session."""

from __future__ import annotations

from collections import Counter
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_models import LONGEST, tiny_batch, tiny_model
from torch.nn.functional import cross_entropy, leaky_relu, normalize

from srgnn_bench.baselines.attenmixer import AttenMixer
from srgnn_bench.baselines.dhcn import DHCN
from srgnn_bench.baselines.esasrec import ESASRec
from srgnn_bench.baselines.gcegnn import GCEGNN
from srgnn_bench.baselines.gcsan import FastGCSAN
from srgnn_bench.baselines.miasrec import BestProducts, MiaSRec, entmax_by
from srgnn_bench.baselines.niser import NISER
from srgnn_bench.baselines.sgnnhn import SGNNHN
from srgnn_bench.baselines.tagnn import TAGNN, TargetScores
from srgnn_bench.data.sessions import Sessions
from srgnn_bench.errors import ModelError
from srgnn_bench.layers.gated_gnn import GatedGNN
from srgnn_bench.layers.hypergraph import SessionHypergraph
from srgnn_bench.layers.item_neighbours import ItemNeighbours
from srgnn_bench.layers.ragged import OrderedClicks, ordered_clicks
from srgnn_bench.layers.session_graph import session_edges, session_nodes

N_ITEMS = 12
TRAINING = [[1, 2, 1, 3], [9, 8, 7, 6], [4, 4, 5], [10, 11], [2, 3, 1, 2]]
SESSIONS = [[1, 2, 1, 3], [5], [9, 8, 9, 8, 9], [4, 4, 4], [12, 1, 7], list(range(1, 13))]


def gnn_states(gnn: GatedGNN, session: list[int], vectors: torch.Tensor) -> torch.Tensor:
    """State of each click of one session; the gated GNN itself is tested elsewhere."""
    clicks = ordered_clicks(torch.tensor([session]), torch.tensor([len(session)]))
    nodes = session_nodes(clicks)
    hidden = gnn(vectors[nodes.items], [session_edges(clicks, nodes)])
    return hidden[nodes.of_click]


def slow_niser(model: NISER, session: list[int]) -> torch.Tensor:
    vectors = normalize(model.item_embedding.weight, dim=1)
    states = gnn_states(model.gnn, session, vectors)
    states = states + model.position_embedding.weight[: len(session)]
    query = model.linear_one(states[-1])
    weights = [model.linear_three(torch.sigmoid(query + model.linear_two(x))) for x in states]
    combined = sum(w * x for w, x in zip(weights, states, strict=True))
    vector = model.linear_transform(torch.cat([combined, states[-1]]))
    return 16 * normalize(vector, dim=0) @ vectors.T


def slow_gcsan(model: FastGCSAN, session: list[int]) -> torch.Tensor:
    states = gnn_states(model.gnn, session, model.item_embedding.weight)
    last = states[-1]
    for block in model.blocks:
        products = block.query(states) @ block.key(states).T / states.shape[1] ** 0.5
        attended = products.softmax(1) @ block.value(states)
        states = block.outer(torch.relu(block.inner(attended))) + attended
    return (0.6 * states[-1] + 0.4 * last) @ model.item_embedding.weight.T


def slow_tagnn(model: TAGNN, session: list[int]) -> torch.Tensor:
    vectors = model.item_embedding.weight
    states = gnn_states(model.gnn, session, vectors)
    inner = torch.sigmoid(model.linear_one(states[-1]) + model.linear_two(states))
    combined = (model.linear_three(inner).softmax(0) * states).sum(0)
    own = model.linear_transform(torch.cat([combined, states[-1]]))
    scores = []
    for item in vectors:
        shares = torch.stack([item @ model.linear_t(x) for x in states]).softmax(0)
        scores.append((own + shares @ states) @ item)
    return torch.stack(scores)


def slow_neighbours(sessions: list[list[int]], item: int, *, count: int) -> list[tuple[int, int]]:
    counts: Counter[int] = Counter()
    latest: dict[int, int] = {}
    clicks = Counter(clicked for session in sessions for clicked in session)
    for time, session in enumerate(sessions):
        for place, one in enumerate(session):
            for other_place, other in enumerate(session):
                if one == item and 1 <= abs(place - other_place) <= 3:
                    counts[other] += 1
                    latest[other] = time

    def near(other: int) -> tuple[int, int, int]:
        return counts[other], clicks[other], latest[other]

    at_least = {other: sum(near(one) >= near(other) for one in counts) for other in counts}
    kept = [other for other in counts if at_least[other] <= count]
    return [(other, counts[other]) for other in sorted(kept, key=near, reverse=True)]


def slow_gcegnn(model: GCEGNN, session: list[int], *, hops: int, count: int) -> torch.Tensor:
    vectors = model.item_embedding.weight
    mean = torch.stack([vectors[item] for item in session]).mean(0)
    steps = set(pairwise(session))

    def local(item: int) -> torch.Tensor:
        scores, others = [], []
        for other in sorted(set(session)):
            kind = ((other, item) in steps) + 2 * ((item, other) in steps)
            if other == item:
                kind = 0
            elif kind == 0:
                continue
            product = vectors[item] * vectors[other]
            scores.append(leaky_relu(product @ model.relation[kind], 0.2))
            others.append(vectors[other])
        return torch.stack(scores).softmax(0) @ torch.stack(others)

    def from_all(item: int, depth: int) -> torch.Tensor:
        """The vector of an item after so many hops."""
        if depth == 0:
            return vectors[item]
        hop = model.hops[depth - 1]
        scores, others = [], []
        for other, often in slow_neighbours(TRAINING, item, count=count):
            far = from_all(other, depth - 1)
            seen = torch.cat([mean * far, torch.tensor([float(often)])])
            scores.append(hop.q(leaky_relu(hop.w_1(seen), 0.2)).squeeze())
            others.append(far)
        taken = torch.zeros_like(mean)
        if others:
            taken = torch.stack(scores).softmax(0) @ torch.stack(others)
        return torch.relu(hop.w_2(torch.cat([from_all(item, depth - 1), taken])))

    states = torch.stack([local(item) + from_all(item, hops) for item in session])
    vector = torch.zeros_like(mean)
    for place, state in enumerate(states):
        position = model.position_embedding.weight[len(session) - 1 - place]
        placed = torch.tanh(model.w_1(torch.cat([position, state])))
        vector = (
            vector + model.q(torch.sigmoid(model.w_2(placed) + model.w_3(states.mean(0)))) * state
        )
    return vector @ vectors.T


def slow_dhcn_items(model: DHCN, *, layers: int) -> torch.Tensor:
    edges = [sorted(set(session)) for session in TRAINING]
    vectors = total = model.item_embedding.weight
    for _ in range(layers):
        means = [torch.stack([vectors[item] for item in edge]).mean(0) for edge in edges]
        new = []
        for item in range(len(vectors)):
            own = [mean for edge, mean in zip(edges, means, strict=True) if item in edge]
            new.append(torch.stack(own).mean(0) if own else torch.zeros_like(vectors[0]))
        vectors = torch.stack(new)
        total = total + vectors
    return total / (layers + 1)


def slow_dhcn_session(model: DHCN, session: list[int], items: torch.Tensor) -> torch.Tensor:
    states = [items[item] for item in session]
    mean = torch.stack(states).mean(0)
    vector = torch.zeros_like(mean)
    for place, state in enumerate(states):
        position = model.position_embedding.weight[len(session) - 1 - place]
        placed = torch.tanh(model.w_1(torch.cat([position, state])))
        weight = model.q(torch.sigmoid(model.w_2(placed) + model.w_3(mean)))
        vector = vector + weight * state
    return vector


def slow_dhcn(model: DHCN, session: list[int], *, layers: int) -> torch.Tensor:
    items = slow_dhcn_items(model, layers=layers)
    return slow_dhcn_session(model, session, items) @ items.T


def slow_sgnnhn(model: SGNNHN, session: list[int], *, layers: int) -> torch.Tensor:
    def centred(vector: torch.Tensor) -> torch.Tensor:
        vector = vector - vector.mean()
        return vector / vector.norm()

    vectors = model.item_embedding.weight
    items = sorted(set(session))
    clicks = ordered_clicks(torch.tensor([session]), torch.tensor([len(session)]))
    nodes = session_nodes(clicks)
    edges = session_edges(clicks, nodes)
    start = torch.stack([vectors[item] for item in items])
    star, hidden = start.mean(0), start
    for _ in range(layers):
        passed, hidden = model.gnn(hidden, [edges]), []
        for state in passed:
            share = torch.sigmoid(model.node_query(state) @ model.star_key(star) / 8**0.5)
            hidden.append((1 - share) * state + share * star)
        fit = [model.node_key(state) @ model.star_query(star) / 8**0.5 for state in hidden]
        hidden = torch.stack(hidden)
        star = torch.stack(fit).softmax(0) @ hidden
    final = {}
    for item, first, state in zip(items, start, hidden, strict=True):
        gate = torch.sigmoid(model.highway(torch.cat([first, state])))
        final[item] = gate * first + (1 - gate) * state
    positions = model.position_embedding.weight
    states = [final[item] + positions[place] for place, item in enumerate(session)]
    combined = torch.zeros(8)
    for state in states:
        inner = model.linear_one(state) + model.linear_two(star) + model.linear_three(states[-1])
        combined = combined + model.attention(torch.sigmoid(inner)) * state
    vector = centred(model.linear_four(torch.cat([combined, states[-1]])))
    return torch.stack([12 * centred(item) @ vector for item in vectors]).nan_to_num(0)


def slow_attenmixer(
    model: AttenMixer, session: list[int], *, heads: int, levels: int, power: float
) -> torch.Tensor:
    vectors = normalize(model.item_embedding.weight, dim=1)
    states = [vectors[item] for item in session]
    size = 8 // heads
    joined = []
    for head in range(heads):
        part = slice(head * size, (head + 1) * size)
        mixed = torch.zeros(len(session))
        for level in range(1, levels + 1):
            recent = [
                states[-n] if n <= len(states) else torch.zeros(8) for n in range(1, level + 1)
            ]
            intent = model.intents[level - 1](torch.cat(recent))
            query = model.query(intent / intent.norm())[part]
            fit = [torch.sigmoid(query @ model.key(state)[part]) for state in states]
            mixed = mixed + (2 * torch.stack(fit)).softmax(0) ** power
        weights = (2 * mixed ** (1 / power)).softmax(0)
        joined.append(sum(w * model.value(x)[part] for w, x in zip(weights, states, strict=True)))
    combined = model.layer_norm(torch.cat(joined))
    vector = model.linear_transform(torch.cat([combined, states[-1]]))
    return 16 * normalize(vector, dim=0) @ vectors.T


def slow_esasrec(model: ESASRec, session: list[int], *, heads: int) -> torch.Tensor:
    vectors, length = model.item_embedding.weight, len(session)
    positions = model.position_embedding.weight
    states = [vectors[item] + positions[length - 1 - t] for t, item in enumerate(session)]
    size = 8 // heads
    for block in model.blocks:
        seen, new = [block.norm_one(state) for state in states], []
        for t, state in enumerate(states):
            joined = []
            for head in range(heads):
                part = slice(head * size, (head + 1) * size)
                query = block.query(seen[t])[part]
                fit = torch.stack([query @ block.key(s)[part] for s in seen[: t + 1]])
                weights = (fit / size**0.5).softmax(0)
                joined.append(sum(w * block.value(seen[n])[part] for n, w in enumerate(weights)))
            added = block.output(torch.cat(joined))
            state = state + torch.sigmoid(block.gate_one(state)) * added
            normed = block.norm_two(state)
            inner = block.inner_gate(normed) * torch.sigmoid(block.inner_gate(normed))
            added = block.outer(inner * block.inner(normed))
            new.append(state + torch.sigmoid(block.gate_two(state)) * added)
        states = new
    return states[-1] @ vectors.T


def slow_entmax(values: list[float]) -> list[float]:
    """Weights max(0, z / 2 - tau) ** 2, tau by bisection."""
    low, high = max(values) / 2 - 1, max(values) / 2
    for _ in range(100):
        tau = (low + high) / 2
        total = sum(max(0.0, z / 2 - tau) ** 2 for z in values)
        low, high = (tau, high) if total > 1 else (low, tau)
    return [max(0.0, z / 2 - low) ** 2 for z in values]


def slow_miasrec(model: MiaSRec, session: list[int], *, heads: int, best: float) -> torch.Tensor:
    vectors = model.item_embedding.weight
    items = [torch.stack([vectors[item] for item in session]).mean(0)]
    items += [vectors[item] for item in reversed(session)]
    often = [1, *(min(2, session.count(item)) for item in reversed(session))]
    states = []
    for place, (item, count) in enumerate(zip(items, often, strict=True)):
        state = item + model.position_embedding.weight[place]
        states.append(model.layer_norm(state + model.frequency_embedding.weight[count - 1]))
    size = 8 // heads
    for block in model.blocks:
        attention, new = block.multi_head_attention, []
        for state in states:
            joined = []
            for head in range(heads):
                part = slice(head * size, (head + 1) * size)
                query = attention.query(state)[part]
                fit = torch.stack([query @ attention.key(s)[part] for s in states])
                weights = (fit / size**0.5).softmax(0)
                joined.append(
                    sum(w * attention.value(s)[part] for w, s in zip(weights, states, strict=True))
                )
            attended = attention.LayerNorm(attention.dense(torch.cat(joined)) + state)
            new.append(block.feed_forward(attended))
        states = new
    mixed = []
    for item, state in zip(items, states, strict=True):
        gate = torch.sigmoid(model.highway(torch.cat([item, state])))
        mixed.append(gate * item + (1 - gate) * state)
    importance = [model.importance(torch.cat([mixed[0], state])).item() for state in mixed]
    weights = slow_entmax(importance) if model.chooses else importance
    intents = [
        s / s.norm() for s, a in zip(mixed, weights, strict=True) if a > 0 or not model.chooses
    ]
    scores = []
    for item in normalize(vectors, dim=1):
        cosines = torch.stack([intent @ item for intent in intents])
        scores.append((best * cosines.max() + (1 - best) * cosines.mean()) / 0.07)
    return torch.stack(scores)


CASES = {
    "NISER+": (NISER, {}, slow_niser),
    "NISER+, 2 steps": (NISER, {"step": 2}, slow_niser),
    "GC-SAN": (FastGCSAN, {}, slow_gcsan),
    "GC-SAN, 3 blocks": (FastGCSAN, {"blocks": 3}, slow_gcsan),
    "TAGNN": (TAGNN, {}, slow_tagnn),
    "DHCN": (DHCN, {}, partial(slow_dhcn, layers=3)),
    "DHCN, 1 layer": (DHCN, {"layers": 1}, partial(slow_dhcn, layers=1)),
    "SGNN-HN": (SGNNHN, {}, partial(slow_sgnnhn, layers=1)),
    "SGNN-HN, 3 layers": (SGNNHN, {"layers": 3}, partial(slow_sgnnhn, layers=3)),
    "Atten-Mixer": (
        AttenMixer,
        {"heads": 2, "levels": 4},
        partial(slow_attenmixer, heads=2, levels=4, power=4),
    ),
    "Atten-Mixer, 1 level": (
        AttenMixer,
        {"heads": 4, "levels": 1, "power": 2.0},
        partial(slow_attenmixer, heads=4, levels=1, power=2),
    ),
    "eSASRec": (ESASRec, {"heads": 2}, partial(slow_esasrec, heads=2)),
    "eSASRec, 1 block": (
        ESASRec,
        {"heads": 1, "blocks": 1, "inner_multiple": 2},
        partial(slow_esasrec, heads=1),
    ),
    "MiaSRec": (MiaSRec, {"inner_size": 16}, partial(slow_miasrec, heads=2, best=0.9)),
    "MiaSRec, all intents": (
        MiaSRec,
        {"inner_size": 16, "intents": "all", "best": 0.4, "blocks": 1, "heads": 4},
        partial(slow_miasrec, heads=4, best=0.4),
    ),
    "GCE-GNN, 1 hop": (
        GCEGNN,
        {"hops": 1, "neighbours": 3},
        lambda model, session: slow_gcegnn(model, session, hops=1, count=3),
    ),
    "GCE-GNN, 2 hops": (
        GCEGNN,
        {"hops": 2, "neighbours": 2},
        lambda model, session: slow_gcegnn(model, session, hops=2, count=2),
    ),
}


def make(name: str):
    model_class, parameters, _ = CASES[name]
    return tiny_model(
        model_class,
        n_items=N_ITEMS,
        embedding_size=8,
        training_sessions=TRAINING,
        **parameters,
    ).eval()


@pytest.mark.parametrize("name", CASES)
def test_scores_are_those_of_the_formulas(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for model_class in (TAGNN, MiaSRec):
        monkeypatch.setattr(model_class, "at_once", 100)  # several blocks of items
    model, slow = make(name), CASES[name][2]
    with torch.no_grad():
        scores = model.full_sort_predict(tiny_batch(SESSIONS))
        for session, of_session in zip(SESSIONS, scores, strict=True):
            torch.testing.assert_close(of_session, slow(model, session), rtol=1e-4, atol=1e-6)


def test_tagnn_in_blocks_has_the_gradients_of_the_whole() -> None:
    gradients = []
    for numbers in (100, 10**9):
        model = make("TAGNN").train()
        model.at_once = numbers
        model.calculate_loss(tiny_batch(SESSIONS, [3, 4, 5, 6, 7, 8])).backward()
        gradients.append({k: v.grad for k, v in model.named_parameters()})
    for key, whole in gradients[1].items():
        torch.testing.assert_close(gradients[0][key], whole)
        assert whole.abs().sum() > 0
    assert (gradients[0]["item_embedding.weight"][0] == 0).all()


def test_tagnn_has_the_gradients_of_its_scores() -> None:
    torch.manual_seed(0)
    session = torch.tensor([0, 0, 0, 1, 2, 2])
    shapes = (3, 4), (6, 4), (6, 4), (8, 4)
    parts = [torch.randn(*shape, dtype=torch.float64, requires_grad=True) for shape in shapes]
    assert torch.autograd.gradcheck(
        TargetScores.apply, (*parts, session, True, 20)
    )  # in several blocks


@settings(max_examples=50)
@given(
    st.lists(st.lists(st.floats(-6, 6, width=32), min_size=1, max_size=9), min_size=1, max_size=5)
)
def test_entmax_is_that_of_its_definition(sessions: list[list[float]]) -> None:
    lengths = [len(session) for session in sessions]
    clicks = OrderedClicks.of(torch.zeros(sum(lengths)), torch.tensor(lengths))
    values = torch.tensor([z for session in sessions for z in session], dtype=torch.float64)
    expected = [weight for session in sessions for weight in slow_entmax(session)]
    found = entmax_by(values, clicks)
    torch.testing.assert_close(found.tolist(), expected, rtol=1e-6, atol=1e-9)


def test_miasrec_leaves_out_what_entmax_gives_no_weight() -> None:
    model = make("MiaSRec")
    with torch.no_grad():
        model.importance.weight.mul_(200)
        batch = tiny_batch(SESSIONS)
        _, session = model.intents(batch["item_id_list"], batch["item_length"])
        counts = session.bincount().tolist()
        assert all(1 <= n <= len(s) + 1 for n, s in zip(counts, SESSIONS, strict=True))
        assert sum(counts) < sum(len(s) + 1 for s in SESSIONS)
        for shown, scores in zip(SESSIONS, model.full_sort_predict(batch), strict=True):
            slow = slow_miasrec(model, shown, heads=2, best=0.9)
            torch.testing.assert_close(scores, slow, rtol=1e-4, atol=1e-6)


def test_miasrec_learns_from_the_cross_entropy_of_its_scores() -> None:
    gradients, targets = [], [3, 4, 5, 6, 7, 8]
    for slowly in (True, False):
        model = make("MiaSRec")
        if slowly:
            scores = [slow_miasrec(model, session, heads=2, best=0.9) for session in SESSIONS]
            loss = cross_entropy(torch.stack(scores)[:, 1:], torch.tensor(targets) - 1)
        else:
            loss = model.calculate_loss(tiny_batch(SESSIONS, targets))
        loss.backward()
        gradients.append({k: w.grad for k, w in model.named_parameters() if w.grad is not None})
    slow, found = gradients
    assert found.keys() == slow.keys()
    assert not any("importance" in name for name in found)
    for name, gradient in slow.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("at_once", [1, 20, 1000])
def test_largest_products_have_the_gradient_of_the_largest(at_once: int) -> None:
    torch.manual_seed(0)
    vectors, items = (
        torch.randn(rows, 4, dtype=torch.float64, requires_grad=True) for rows in (6, 8)
    )
    sizes = [3, 2, 1]  # groups of 3, 2 and 1 vectors
    groups = [[0, 3, 5], [1, 4], [2]]
    slow = torch.stack([(vectors[rows] @ items.T).amax(0) for rows in groups])
    found = BestProducts.apply(vectors, items, sizes, True, at_once)
    torch.testing.assert_close(found, slow)
    assert torch.autograd.gradcheck(BestProducts.apply, (vectors, items, sizes, True, at_once))


@pytest.mark.parametrize("name", CASES)
def test_the_padding_row_stays_zero(name: str) -> None:
    model = make(name).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1, weight_decay=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        model.calculate_loss(tiny_batch(SESSIONS, [3, 4, 5, 6, 7, 8])).backward()
        optimizer.step()
    assert (model.item_embedding.weight[0] == 0).all()
    assert all(weight.isfinite().all() for weight in model.parameters())


@settings(max_examples=50)
@given(
    sessions=st.lists(
        st.lists(st.integers(1, N_ITEMS), min_size=1, max_size=LONGEST), min_size=1, max_size=6
    ),
    count=st.integers(1, 5),
)
def test_neighbours_are_those_that_counting_finds(sessions: list[list[int]], count: int) -> None:
    found = ItemNeighbours(Sessions.from_lists(sessions), n_items=N_ITEMS + 1, reach=3, count=count)
    for item in range(N_ITEMS + 1):
        expected = slow_neighbours(sessions, item, count=count)
        expected += [(0, 0)] * (count - len(expected))
        pairs = zip(found.items[item].tolist(), found.weights[item].tolist(), strict=True)
        assert sorted(pairs) == sorted(expected)


def test_few_neighbours_are_drawn_where_it_is_asked_for() -> None:
    sessions = Sessions.from_lists([[1, 2], [1, 3], [4, 4]])
    torch.manual_seed(0)
    found = ItemNeighbours(sessions, n_items=6, reach=3, count=40, few="drawn")
    # Items without neighbours have none; the others' places are all taken, by theirs alone.
    assert [set(row) for row in found.items.tolist()] == [{0}, {2, 3}, {1}, {1}, {4}, {0}]
    assert (found.weights[1:4] == 1).all()
    assert (found.weights[4] == 2).all()
    enough = ItemNeighbours(sessions, n_items=6, reach=3, count=1, few="drawn")
    assert enough.items[1].tolist() == [3]
    # Drawn neighbours are part of what is learned, so they stand in the state dict.
    again = ItemNeighbours(sessions, n_items=6, reach=3, count=40, few="drawn")
    assert not torch.equal(again.items, found.items)
    again.load_state_dict(found.state_dict())
    assert torch.equal(again.items, found.items)


@pytest.mark.parametrize("model_class", [AttenMixer, ESASRec, MiaSRec])
def test_no_embedding_is_cut_into_unequal_heads(model_class: type[Any]) -> None:
    with pytest.raises(ModelError, match="3 heads"):
        tiny_model(model_class, n_items=5, embedding_size=8, heads=3)


@pytest.mark.parametrize("model_class", [GCEGNN, DHCN])
def test_a_graph_of_all_sessions_needs_training_sessions(model_class: type[Any]) -> None:
    with pytest.raises(ModelError, match="training sessions"):
        tiny_model(model_class, n_items=5)


def test_dhcn_learns_that_two_views_of_a_session_agree() -> None:
    model, targets = make("DHCN"), [3, 4, 5, 6, 7, 8]
    items = slow_dhcn_items(model, layers=3)
    one = torch.stack([slow_dhcn_session(model, session, items) for session in SESSIONS])
    overlap = torch.tensor(
        [[len(set(a) & set(b)) / len(set(a) | set(b)) for b in SESSIONS] for a in SESSIONS]
    )
    embeddings = model.item_embedding.weight
    view = other = torch.stack([embeddings[session].mean(0) for session in SESSIONS])
    for _ in range(3):
        view = torch.stack([row @ view / row.sum() for row in overlap])
        other = other + view
    other = other / 4
    torch.manual_seed(5)
    rows, columns = torch.randperm(len(SESSIONS)), torch.randperm(8)
    contrast = torch.zeros(())
    for number in range(len(SESSIONS)):
        agree = torch.sigmoid(other[number] @ one[number])
        shuffled = torch.sigmoid(other[number] @ one[rows[number]][columns])
        contrast = contrast - torch.log(agree) - torch.log(1 - shuffled)
    scores = (one @ items.T)[:, 1:]
    slow = cross_entropy(scores, torch.tensor(targets) - 1) + contrast / len(SESSIONS)
    torch.manual_seed(5)
    loss = model.calculate_loss(tiny_batch(SESSIONS, targets))
    torch.testing.assert_close(loss, slow)
    for weight in ("w_1.weight", "w_3.weight", "q.weight", "item_embedding.weight"):
        found, expected = (
            torch.autograd.grad(of, model.get_parameter(weight), retain_graph=True)[0]
            for of in (loss, slow)
        )
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


def test_the_hypergraph_has_the_gradient_of_its_sums() -> None:
    graph = SessionHypergraph(Sessions.from_lists(TRAINING), n_items=N_ITEMS + 1)
    vectors = torch.randn(N_ITEMS + 1, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(graph, (vectors,))
