from __future__ import annotations

import torch
from tiny_models import tiny_batch, tiny_model

from srgnn_bench.baselines.popularity import Popularity
from srgnn_bench.data.sessions import Sessions


def test_scores_are_clicks_in_training():
    model = tiny_model(Popularity, n_items=4)
    model.fit(Sessions.from_lists([[1, 2, 2], [2, 3]]))
    scores = model.full_sort_predict(tiny_batch([[1], [4, 3]]))
    assert scores.tolist() == [[0, 1, 3, 1, 0]] * 2
    assert model.predict(tiny_batch([[1], [1]], targets=[2, 4])).tolist() == [3, 0]


def test_fitted_counts_survive_the_state_dict():
    model, other = tiny_model(Popularity, n_items=4), tiny_model(Popularity, n_items=4)
    model.fit(Sessions.from_lists([[1, 2, 2], [2, 3]]))
    other.load_state_dict(model.state_dict())
    assert torch.equal(other.clicks, model.clicks)
