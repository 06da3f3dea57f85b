from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from recbole.model.sequential_recommender.gru4rec import GRU4Rec
from tiny_models import LONGEST, tiny_batch, tiny_model

from srgnn_bench.baselines.sknn import SKNN
from srgnn_bench.data.sessions import Sessions, prefixes_of
from srgnn_bench.errors import ModelError
from srgnn_bench.models.srgnn import FastSRGNN
from srgnn_bench.training import ranking
from srgnn_bench.training.ranking import Portions, rank_prefixes

N_ITEMS = 30


@pytest.fixture
def prefixes():
    chance = random.Random(0)
    sessions = [[chance.randint(1, N_ITEMS + 2) for _ in range(7)] for _ in range(9)]
    known = np.arange(N_ITEMS + 3)
    known[N_ITEMS + 1 :] = 0  # items that the catalogue does not hold
    return prefixes_of(Sessions.from_lists(sessions), numbering=known, longest=LONGEST)


def sparse_model():
    model = tiny_model(SKNN, n_items=N_ITEMS)
    chance = random.Random(1)
    model.fit(
        Sessions.from_lists([[chance.randint(1, N_ITEMS) for _ in range(4)] for _ in "12345"])
    )
    return model


# With the full softmax, and any other RecBole model.
@pytest.mark.parametrize("model_class", [FastSRGNN, GRU4Rec])
def test_ranks_and_lists_are_those_of_sorting_all_scores(model_class, prefixes):
    small = Portions(scores=4 * N_ITEMS, tile=7)
    model = tiny_model(model_class, n_items=N_ITEMS, embedding_size=8).eval()
    found = rank_prefixes(model, prefixes, n_items=N_ITEMS, k=5, portions=small)
    shown = np.flatnonzero(prefixes.stop > prefixes.start)
    assert len(shown) > 20
    for n in shown:
        session = prefixes.items[prefixes.start[n] : prefixes.stop[n]].tolist()
        with torch.no_grad():
            scores = model.full_sort_predict(tiny_batch([session]))[0, 1:]
        order = (scores.argsort(descending=True) + 1).tolist()
        target = prefixes.target[n]
        assert found.ranks[n] == (order.index(target) + 1 if target else N_ITEMS + 1)
        assert found.top[n].tolist() == order[:5]


def test_a_model_that_scores_in_its_own_way_is_ranked_so(prefixes):
    class Biased(FastSRGNN):
        def full_sort_predict(self, interaction):
            scores = super().full_sort_predict(interaction)
            scores[:, 7] += 1e6
            return scores

    model = tiny_model(Biased, n_items=N_ITEMS, embedding_size=8).eval()
    found = rank_prefixes(model, prefixes, n_items=N_ITEMS, k=1)
    assert (found.top[prefixes.stop > prefixes.start] == 7).all()


def test_a_model_of_sparse_scores_is_ranked_like_any_other(prefixes, monkeypatch):
    model = sparse_model()
    sparse = rank_prefixes(model, prefixes, n_items=N_ITEMS, k=5)
    monkeypatch.setattr(ranking, "SparseRecommender", GRU4Rec)  # what any other model is
    dense = rank_prefixes(model, prefixes, n_items=N_ITEMS, k=5)
    np.testing.assert_array_equal(sparse.ranks, dense.ranks)
    assert (sparse.ranks < N_ITEMS).any()
    assert sparse.top.shape == dense.top.shape


@pytest.mark.parametrize("kind", ["sparse", "products", "other"])
def test_sessions_that_begin_alike_are_ranked_as_if_each_stood_alone(kind, monkeypatch):
    small = Portions(scores=3 * N_ITEMS, encoded=5, sparse=3, alike=25)
    chance = random.Random(2)
    sessions = [[chance.randint(1, 3) for _ in range(4)] for _ in range(20)]
    prefixes = prefixes_of(Sessions.from_lists(sessions), numbering=np.arange(N_ITEMS + 1))
    if kind == "sparse":
        model, scorer = sparse_model(), "sparse_scores"
    else:
        model_class = FastSRGNN if kind == "products" else GRU4Rec
        model = tiny_model(model_class, n_items=N_ITEMS, embedding_size=8).eval()
        scorer = "session_vectors" if kind == "products" else "full_sort_predict"
    asked = []
    scores = getattr(model, scorer)
    monkeypatch.setattr(model, scorer, lambda b: asked.append(len(b)) or scores(b))
    together = rank_prefixes(model, prefixes, n_items=N_ITEMS, k=5, portions=small)
    assert sum(asked) < len(prefixes)
    for n in range(len(prefixes)):
        alone = prefixes.select(np.arange(len(prefixes)) == n)
        found = rank_prefixes(model, alone, n_items=N_ITEMS, k=5, portions=small)
        assert found.ranks.tolist() == [together.ranks[n]]
        assert found.top.tolist() == [together.top[n].tolist()]


@pytest.mark.parametrize("model_class", [FastSRGNN, GRU4Rec])
def test_the_prefixes_of_a_long_session_are_not_encoded_all_at_once(model_class, monkeypatch):
    """Their pairs of clicks, which attention forms, would take gigabytes."""
    chance = random.Random(3)
    sessions = [[chance.randint(1, N_ITEMS) for _ in range(length)] for length in (160, 3, 160, 2)]
    prefixes = prefixes_of(Sessions.from_lists(sessions), numbering=np.arange(N_ITEMS + 1))
    model = tiny_model(model_class, n_items=N_ITEMS, embedding_size=8)
    seen = []

    def forward(items, lengths):
        seen.append(lengths)
        return type(model).forward(model, items, lengths)

    monkeypatch.setattr(model, "forward", forward)
    ranks = rank_prefixes(model, prefixes, n_items=N_ITEMS).ranks
    assert torch.cat(seen).tolist() == (prefixes.stop - prefixes.start).tolist()
    assert 1 < len(seen) < 10
    assert max(int((lengths[:-1] ** 2).sum()) for lengths in seen) < 800_000
    for n in (0, 100, 158, 200, len(prefixes) - 1):
        alone = prefixes.select(np.arange(len(prefixes)) == n)
        assert rank_prefixes(model, alone, n_items=N_ITEMS).ranks.tolist() == [ranks[n]]


def test_a_prefix_without_a_known_click_is_a_certain_miss(prefixes):
    hidden = prefixes.stop == prefixes.start
    assert hidden.any()
    for model in (tiny_model(FastSRGNN, n_items=N_ITEMS), sparse_model()):
        ranks = rank_prefixes(model, prefixes, n_items=N_ITEMS).ranks
        assert (ranks[hidden] == N_ITEMS + 1).all()
        # Even where there is no other prefix.
        alone = rank_prefixes(model, prefixes.select(hidden), n_items=N_ITEMS, k=5)
        assert (alone.ranks == N_ITEMS + 1).all()
        assert not alone.top.any()


@pytest.mark.parametrize("model_class", [FastSRGNN, GRU4Rec])
def test_where_memory_runs_out_fewer_prefixes_are_ranked_at_a_time(
    model_class, prefixes, monkeypatch
):
    model = tiny_model(model_class, n_items=N_ITEMS, embedding_size=8)
    plain = rank_prefixes(model, prefixes, n_items=N_ITEMS, k=5)
    sizes = []

    def forward(items, lengths):
        sizes.append(len(items))
        if len(items) > 5:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return type(model).forward(model, items, lengths)

    monkeypatch.setattr(model, "forward", forward)
    found = rank_prefixes(model, prefixes, n_items=N_ITEMS, k=5)
    assert sizes[0] > 5
    assert max(sizes[-3:]) <= 5
    np.testing.assert_array_equal(found.ranks, plain.ranks)
    np.testing.assert_array_equal(found.top, plain.top)


def test_what_was_ranked_before_memory_ran_out_is_kept(prefixes, monkeypatch):
    small = Portions(scores=8 * N_ITEMS)
    model = tiny_model(GRU4Rec, n_items=N_ITEMS, embedding_size=8)
    prefixes = prefixes.select(prefixes.different()[0])
    plain = rank_prefixes(model, prefixes, n_items=N_ITEMS, portions=small)
    calls = []
    top_of = ranking.ranks_of

    def ranks_of(scores, targets):
        calls.append(len(targets))
        if len(calls) == 3:
            raise RuntimeError("MPS backend out of memory")
        return top_of(scores, targets)

    monkeypatch.setattr(ranking, "ranks_of", ranks_of)
    found = rank_prefixes(model, prefixes, n_items=N_ITEMS, portions=small)
    assert calls[:5] == [8, 8, 8, 4, 4]
    np.testing.assert_array_equal(found.ranks, plain.ranks)


def test_a_single_prefix_that_is_too_much_is_one_clear_error(prefixes, monkeypatch):
    model = tiny_model(GRU4Rec, n_items=N_ITEMS, embedding_size=8)
    monkeypatch.setattr(model, "forward", lambda items, lengths: torch.empty(10**15))
    with pytest.raises(ModelError, match="one prefix at a time, ran out of memory on cpu"):
        rank_prefixes(model, prefixes, n_items=N_ITEMS)
