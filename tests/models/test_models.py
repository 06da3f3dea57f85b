"""What holds for every model with the full softmax, and for each readout of SR-GNN."""

from __future__ import annotations

import pytest
import torch
from recbole.config import Config
from recbole.utils import get_model
from tiny_models import tiny_batch, tiny_model

import srgnn_bench
from srgnn_bench.baselines.gru4rec import FastGRU4Rec
from srgnn_bench.baselines.narm import FastNARM
from srgnn_bench.baselines.sasrec import FastSASRec
from srgnn_bench.baselines.stamp import FastSTAMP
from srgnn_bench.errors import ModelError
from srgnn_bench.models import FittedRecommender
from srgnn_bench.models.srgnn import FastSRGNN
from srgnn_bench.testing.planted import planted_sessions

srgnn_bench.register()

N_ITEMS = 30
VARIANTS = {
    "hybrid": (FastSRGNN, {}),
    "attention": (FastSRGNN, {"readout": "attention"}),
    "local": (FastSRGNN, {"readout": "local"}),
    "average": (FastSRGNN, {"readout": "average"}),
    "two steps, counted": (FastSRGNN, {"step": 2, "edge_weights": "count"}),
    "no graph": (FastSRGNN, {"step": 0}),
    "global connections": (
        FastSRGNN,
        {"connections": "global", "training_sessions": [[1, 2, 1, 3], [9, 8, 7, 6]]},
    ),
    "full connections": (FastSRGNN, {"connections": "full"}),
    "no connections": (FastSRGNN, {"connections": "none"}),
    "GRU4Rec": (FastGRU4Rec, {}),
    "NARM": (FastNARM, {}),
    "STAMP": (FastSTAMP, {}),
    "SASRec": (FastSASRec, {"hidden_size": 16, "hidden_dropout_prob": 0.1}),
}


@pytest.fixture(params=VARIANTS)
def variant(request):
    model_class, parameters = VARIANTS[request.param]
    return tiny_model(model_class, n_items=N_ITEMS, embedding_size=16, **parameters)


def prefixes(sessions):
    pairs = [(s[:i], s[i]) for s in sessions for i in range(1, len(s))]
    return [list(part) for part in zip(*pairs, strict=True)]


def test_the_amount_of_padding_changes_nothing(variant):
    variant.eval()
    sessions = [[1, 2, 1], [4], [9, 8, 7, 6]]
    with torch.no_grad():
        narrow = variant.full_sort_predict(tiny_batch(sessions, width=4))
        wide = variant.full_sort_predict(tiny_batch(sessions, width=50))
    assert torch.equal(narrow, wide)


def test_a_session_is_scored_alike_alone_and_in_a_batch(variant):
    variant.eval()
    sessions = [[1, 2, 1], [4], [9, 8, 7, 6], [5, 5]]
    with torch.no_grad():
        together = variant.full_sort_predict(tiny_batch(sessions))
        for session, scores in zip(sessions, together, strict=True):
            alone = variant.full_sort_predict(tiny_batch([session]))[0]
            torch.testing.assert_close(alone, scores)


def test_shapes_and_scores_of_one_item(variant):
    variant.eval()
    batch = tiny_batch([[1, 2], [3]], targets=[5, 6])
    scores = variant.full_sort_predict(batch)
    assert scores.shape == (2, N_ITEMS + 1)
    assert (scores[:, 0] == 0).all()
    torch.testing.assert_close(variant.predict(batch), scores[[0, 1], [5, 6]])


def test_it_learns_a_planted_transition(variant):
    shown, targets = prefixes(planted_sessions(count=80, items=N_ITEMS, seed=0))
    batch = tiny_batch(shown, targets)
    optimizer = torch.optim.Adam(variant.parameters(), lr=0.03)
    torch.manual_seed(0)
    for _ in range(80):
        optimizer.zero_grad()
        variant.calculate_loss(batch).backward()
        optimizer.step()
    variant.eval()
    with torch.no_grad():
        best = variant.full_sort_predict(batch)[:, 1:].argmax(1) + 1
    last = torch.tensor([session[-1] for session in shown])
    assert (best == (7 * (last - 1) + 3) % N_ITEMS + 1).float().mean() > 0.8


@pytest.mark.parametrize("name", VARIANTS)
def test_the_same_seed_gives_the_same_training(name):
    def trained():
        model_class, parameters = VARIANTS[name]
        model = tiny_model(model_class, n_items=N_ITEMS, seed=3, embedding_size=16, **parameters)
        optimizer = torch.optim.Adam(model.parameters())
        for _ in range(3):
            optimizer.zero_grad()
            model.calculate_loss(tiny_batch([[1, 2, 1], [4], [9, 8]], [5, 6, 7])).backward()
            optimizer.step()
        return model.state_dict()

    one, other = trained(), trained()
    assert all(torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize("model_class", [FastSRGNN, FastGRU4Rec, FastNARM, FastSTAMP])
def test_recbole_finds_it_and_configures_it_by_class_alone(model_class, monkeypatch):
    monkeypatch.setattr("sys.argv", ["pytest"])
    assert get_model(model_class.__name__) is model_class
    config = Config(model=model_class, dataset="ml-100k")
    model = model_class(config, type("Data", (), {"num": lambda self, field: 11})())
    assert model.item_vectors().shape == (11, 64)


def test_a_fitted_model_scores_one_item_from_the_scores_of_all():
    class Counts(FittedRecommender):
        def fit(self, sessions):
            raise NotImplementedError

        def full_sort_predict(self, interaction):
            return torch.arange(11.0).expand(len(interaction), -1)

    model = tiny_model(Counts, n_items=10)
    assert model.predict(tiny_batch([[1, 2], [3]], targets=[5, 6])).tolist() == [5.0, 6.0]


def test_another_loss_is_refused():
    with pytest.raises(ModelError, match="BPR"):
        tiny_model(FastSRGNN, n_items=5, loss_type="BPR")


def test_global_connections_need_training_sessions():
    with pytest.raises(ModelError, match="training sessions"):
        tiny_model(FastSRGNN, n_items=5, connections="global")


def test_without_connections_no_item_reads_another():
    model = tiny_model(FastSRGNN, n_items=5, step=2, readout="local", connections="none")
    alone, after_others = model.session_vectors(tiny_batch([[4], [1, 2, 3, 4]]))
    torch.testing.assert_close(alone, after_others)
    # They pass the gates all the same: those of a session of one click, which has no edges either.
    plain = tiny_model(FastSRGNN, n_items=5, step=2, readout="local")
    plain.load_state_dict(model.state_dict())
    torch.testing.assert_close(plain.session_vectors(tiny_batch([[4]]))[0], alone)


def test_the_readouts_of_a_session_without_edges():
    item = 4
    for readout in ("local", "average"):
        model = tiny_model(FastSRGNN, n_items=5, step=0, readout=readout)
        vector = model.session_vectors(tiny_batch([[item]]))[0]
        torch.testing.assert_close(vector, model.item_embedding.weight[item])


def test_the_average_counts_repeated_clicks():
    model = tiny_model(FastSRGNN, n_items=5, step=0, readout="average")
    rows = model.item_embedding.weight
    vector = model.session_vectors(tiny_batch([[1, 2, 1, 1]]))[0]
    torch.testing.assert_close(vector, (3 * rows[1] + rows[2]) / 4)


def test_a_readout_has_only_the_layers_it_uses():
    names = {
        name.split(".")[0]
        for name in tiny_model(FastSRGNN, n_items=5, step=0, readout="local").state_dict()
    }
    assert names == {"item_embedding"}
