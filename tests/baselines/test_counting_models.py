"""What holds for every model that counts clicks and sessions, beyond the contract of all models."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from small_sessions import random_sessions, scores
from tiny_models import tiny_batch, tiny_model

from srgnn_bench.data.sessions import Sessions
from srgnn_bench.errors import SpecError
from srgnn_bench.recbole_bridge.discovery import modules
from srgnn_bench.specs.resolving import resolve
from srgnn_bench.specs.suite import ModelEntry
from srgnn_bench.training.configuration import candidates

NAMES = [
    "session_popularity",
    "markov",
    "association_rules",
    "sequential_rules",
    "item_knn",
    "sknn",
    "vsknn",
    "stan",
    "vstan",
    "sfsknn",
    "context_tree",
]
N_ITEMS = 20
TRAINING = random_sessions(count=120, items=N_ITEMS, longest=9, seed=5)
SHOWN = random_sessions(count=25, items=N_ITEMS, longest=9, seed=6)


@pytest.fixture(params=NAMES)
def chosen(request):
    [found] = candidates(resolve("quick", models=[request.param]))
    return found


@pytest.fixture
def model(chosen):
    fitted = tiny_model(chosen.model_class, n_items=N_ITEMS, **chosen.defaults)
    fitted.fit(Sessions.from_lists(TRAINING))
    return fitted


def test_scores_are_of_single_precision_and_0_for_padding(model):
    found = model.full_sort_predict(tiny_batch(SHOWN))
    assert found.dtype == torch.float32
    assert (found >= 0).all()
    assert (found[:, 0] == 0).all()
    assert (found.amax(1) > 0).all()


def test_one_given_item_is_scored_like_in_the_whole_list(model):
    targets = [prefix[0] for prefix in SHOWN]
    found = model.predict(tiny_batch(SHOWN, targets))
    np.testing.assert_array_equal(found, scores(model, SHOWN)[range(len(SHOWN)), targets])


def test_the_number_of_threads_changes_nothing(model):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        alone = scores(model, SHOWN)
        torch.set_num_threads(3)
        np.testing.assert_array_equal(scores(model, SHOWN), alone)
        np.testing.assert_array_equal(scores(model, SHOWN[:2]), alone[:2])
    finally:
        torch.set_num_threads(before)


def test_fitting_changes_no_sessions_and_can_be_repeated(model):
    before = scores(model, SHOWN)
    sessions = Sessions.from_lists(TRAINING)
    model.fit(sessions)
    for name, array in vars(Sessions.from_lists(TRAINING)).items():
        np.testing.assert_array_equal(vars(sessions)[name], array)
    np.testing.assert_array_equal(scores(model, SHOWN), before)


def test_the_parameters_have_spaces_around_their_defaults(chosen):
    assert set(chosen.space) <= set(chosen.defaults)
    assert chosen.is_fitted


@pytest.mark.parametrize(
    ("name", "parameter", "value"),
    [
        ("sknn", "neighbours", 0),
        ("sknn", "similarity", "dice"),
        ("vsknn", "weighting", "exp"),
        ("vsknn", "sample_size", "many"),
        ("stan", "lambda1", 0.0),
        ("vstan", "lambda4", -1.0),
        ("sfsknn", "followed_in", "session"),
        ("context_tree", "expert_weight", 1.0),
        ("sequential_rules", "steps", 0),
        ("item_knn", "alpha", 1.5),
        ("markov", "order", 2),
    ],
)
def test_a_wrong_parameter_is_refused(name, parameter, value):
    entry = ModelEntry(model=name, name=name, parameters={parameter: value})
    with pytest.raises(SpecError, match=parameter):
        candidates(resolve("quick", models=[entry]))


def test_recbole_is_told_of_the_class(chosen):
    assert modules()[chosen.model_class.__name__] == chosen.model_class.__module__
