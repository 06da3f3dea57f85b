"""What holds for every model that counts clicks and sessions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from small_sessions import random_sessions, scores
from tiny_models import tiny_batch, tiny_model

from srgnn_bench.configuration import candidate
from srgnn_bench.data.sessions import Sessions
from srgnn_bench.errors import SpecError
from srgnn_bench.recbole_bridge.discovery import MODULES
from srgnn_bench.schema import ModelEntry, SuiteSpec

NAMES = [
    "session_popularity",
    "markov",
    "association_rules",
    "sequential_rules",
    "item_knn",
    "sknn",
    "vsknn",
    "stan",
]
N_ITEMS = 20
TRAINING = random_sessions(count=120, items=N_ITEMS, longest=9, seed=5)
SHOWN = random_sessions(count=25, items=N_ITEMS, longest=9, seed=6)


def suite_of(entry):
    return SuiteSpec(name="s", title="S", datasets=("d",), models=(entry,))


@pytest.fixture(params=NAMES)
def chosen(request):
    entry = ModelEntry(model=request.param, name=request.param)
    return candidate(suite_of(entry), entry)


@pytest.fixture
def model(chosen):
    fitted = tiny_model(chosen.model_class, n_items=N_ITEMS, **chosen.defaults)
    fitted.fit(Sessions.from_lists(TRAINING))
    return fitted


def test_scores_are_finite_single_precision_and_none_for_padding(model):
    found = model.full_sort_predict(tiny_batch(SHOWN))
    assert found.dtype == torch.float32
    assert found.shape == (len(SHOWN), N_ITEMS + 1)
    assert torch.isfinite(found).all()
    assert (found >= 0).all()
    assert (found[:, 0] == 0).all()
    assert (found.amax(1) > 0).all()


def test_a_prefix_is_scored_alike_alone_in_a_batch_and_with_more_padding(model):
    together = scores(model, SHOWN)
    for prefix, expected in zip(SHOWN, together, strict=True):
        np.testing.assert_array_equal(scores(model, [prefix])[0], expected)
    wide = model.full_sort_predict(tiny_batch(SHOWN, width=40)).numpy()
    np.testing.assert_array_equal(wide, together)


def test_one_given_item_is_scored_like_in_the_whole_list(model):
    targets = [prefix[0] for prefix in SHOWN]
    found = model.predict(tiny_batch(SHOWN, targets))
    np.testing.assert_array_equal(found, scores(model, SHOWN)[range(len(SHOWN)), targets])


def test_fitting_changes_no_sessions_and_can_be_repeated(model):
    before = scores(model, SHOWN)
    sessions = Sessions.from_lists(TRAINING)
    model.fit(sessions)
    for name, array in vars(Sessions.from_lists(TRAINING)).items():
        np.testing.assert_array_equal(vars(sessions)[name], array)
    np.testing.assert_array_equal(scores(model, SHOWN), before)


def test_what_was_fitted_survives_the_state_dict(chosen, model, tmp_path):
    torch.save(model.state_dict(), tmp_path / "state.pt")
    other = tiny_model(chosen.model_class, n_items=N_ITEMS, **chosen.defaults)
    other.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    np.testing.assert_array_equal(scores(other, SHOWN), scores(model, SHOWN))


def test_a_planted_pattern_is_found(chosen):
    """Item i is followed by item i + 1; the next item leads the items not yet seen."""
    fitted = tiny_model(chosen.model_class, n_items=N_ITEMS, **chosen.defaults)
    if chosen.spec.name == "session_popularity":
        pytest.skip("it knows no order")
    training = [[i, i + 1, i + 2] for i in range(1, N_ITEMS - 1)] * 5
    fitted.fit(Sessions.from_lists(training))
    found = scores(fitted, [[5], [6, 7]])
    assert 6 in np.argsort(found[0])[-3:]
    assert 8 in np.argsort(found[1])[-4:]


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
        ("sequential_rules", "steps", 0),
        ("item_knn", "alpha", 1.5),
        ("markov", "order", 2),
    ],
)
def test_a_wrong_parameter_is_refused(name, parameter, value):
    entry = ModelEntry(model=name, name=name, parameters={parameter: value})
    with pytest.raises(SpecError, match=parameter):
        candidate(suite_of(entry), entry)


def test_recbole_is_told_of_the_class(chosen):
    assert MODULES[chosen.model_class.__name__] == chosen.model_class.__module__
