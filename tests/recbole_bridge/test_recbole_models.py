"""RecBole's own sequential models, by configuration alone."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import pytest
import torch
from recbole.data.interaction import Interaction
from torch import nn
from torch.nn.functional import cross_entropy

from srgnn_bench.data.sessions import Sessions, Stage, stage_of
from srgnn_bench.errors import ModelError
from srgnn_bench.models import FullSoftmax
from srgnn_bench.recbole_bridge.batch_form import SEQUENCE
from srgnn_bench.recbole_bridge.classes import loss_of, model_class, with_full_softmax
from srgnn_bench.recbole_bridge.config import ITEM_FIELD, LENGTH_FIELD, recbole_parameters
from srgnn_bench.recbole_bridge.dataset import THE_USER, PrefixBatches
from srgnn_bench.recbole_bridge.recbole_models import PACKAGE, PLAIN_SOFTMAX, UNFIT, UNTRIED
from srgnn_bench.specs import registry
from srgnn_bench.specs.model import ModelSpec
from srgnn_bench.training.build import build

N_ITEMS = 20


def recboles(name: str) -> type[Any]:
    return getattr(importlib.import_module(PACKAGE + name.lower()), name)


@pytest.fixture(scope="module")
def stage() -> Stage:
    sessions = [[(3 * s + i) % N_ITEMS + 1 for i in range(2 + s % 7)] for s in range(40)]
    return stage_of("test", Sessions.from_lists(sessions), Sessions.from_lists(sessions[:9]))


def shipped(name: str) -> tuple[type[Any], dict[str, Any]]:
    spec = registry.model(name)
    found = model_class(spec)
    own = {**recbole_parameters(found), **spec.parameters}
    return found, {k: v for k, v in own.items() if k in recbole_parameters(found)}


def batches(model: Any, stage: Stage, size: int = 8) -> PrefixBatches:
    return PrefixBatches(
        stage.train_prefixes, batch_size=size, device=torch.device("cpu"), form=model.batch_form
    )


class CrossEntropyWithoutPadding(nn.Module):
    def forward(self, logits: torch.Tensor, items: torch.Tensor) -> torch.Tensor:
        return cross_entropy(logits[:, 1:], items - 1)


@pytest.mark.parametrize("name", sorted(PLAIN_SOFTMAX))
def test_the_shared_loss_is_recboles_without_the_padding_item(name: str, stage: Stage) -> None:
    """Loss and gradients in training mode, dropout included, from equal weights."""
    theirs_class = recboles(name)
    ours = build(theirs_class, {"loss_type": "CE"}, stage, seed=1)
    assert isinstance(ours, FullSoftmax)
    assert isinstance(ours, theirs_class)
    theirs = build(theirs_class, {"loss_type": "CE"}, stage, seed=1)
    with torch.no_grad():
        for weight in theirs.parameters():
            weight.normal_(0, 0.3)
        theirs.item_embedding.weight[0] = 0
    ours.load_state_dict(theirs.state_dict())
    batch = next(batches(ours, stage).epoch(1))

    def loss_of(model: Any, calculate: Any) -> torch.Tensor:
        model.train().zero_grad()
        torch.manual_seed(5)
        loss = calculate(model, batch)
        loss.backward()
        return loss.detach()

    our_loss = loss_of(ours, type(ours).calculate_loss)
    # RecBole lets the padding item compete. Its vector is zero, and so is its score.
    torch.manual_seed(5)
    with torch.no_grad():
        all_but_padding = ours.session_vectors(batch) @ ours.item_vectors()[1:].T
        share = torch.log1p(torch.exp(-all_but_padding.logsumexp(1))).mean()
    full = loss_of(theirs, theirs_class.calculate_loss)
    torch.testing.assert_close(full, our_loss + share)

    theirs.loss_fct = CrossEntropyWithoutPadding()
    torch.testing.assert_close(loss_of(theirs, theirs_class.calculate_loss), our_loss)
    gradients = {k: v.grad for k, v in theirs.named_parameters()}
    largest = max(float(gradient.abs().max()) for gradient in gradients.values())
    for key, weight in ours.named_parameters():
        torch.testing.assert_close(weight.grad, gradients[key], rtol=1e-4, atol=1e-6 * largest)


@pytest.mark.parametrize(
    ("name", "loss"), [("GCSAN", "CE"), ("CORE", "CE"), ("NextItNet", "CE"), ("SASRec", "BPR")]
)
def test_another_loss_stays_recboles_own(name: str, loss: str) -> None:
    assert with_full_softmax(recboles(name), loss=loss) is recboles(name)


def test_a_class_derived_from_recboles_keeps_its_own_loss() -> None:
    class Mine(recboles("SASRec")):
        pass

    assert with_full_softmax(Mine, loss="CE") is Mine


def test_every_sequential_model_of_recbole_is_accounted_for() -> None:
    modules = pkgutil.iter_modules(importlib.import_module(PACKAGE[:-1]).__path__)
    files = {recboles_path(name) for name in registry.names("model")}
    named = {path.split(".")[-1].split(":")[0] for path in files if path.startswith(PACKAGE)}
    known = {name.lower() for name in (*UNFIT, *UNTRIED, *PLAIN_SOFTMAX)}
    only_in_1_2_1 = {"gru4reccpr", "sasreccpr"}
    assert {module.name for module in modules} | only_in_1_2_1 == named | known
    assert not named & {name.lower() for name in UNTRIED}


def recboles_path(name: str) -> str:
    return registry.model(name).class_path


@pytest.mark.parametrize(
    ("name", "loss"),
    [
        ("srgnn", "full softmax"),
        ("sasrec", "full softmax"),
        ("core", "RecBole's own"),
        ("gru4rec_bpr", "RecBole's own"),
        ("tagnn", "its own"),
        ("gru4rec_original", "its own"),
        ("sknn", "none: fitted"),
    ],
)
def test_how_a_model_learns_is_said(name: str, loss: str) -> None:
    spec = registry.model(name)
    assert loss_of(model_class(spec), spec.parameters) == loss


@pytest.mark.parametrize("name", sorted(UNFIT))
def test_what_cannot_run_says_why(name: str) -> None:
    spec = ModelSpec.model_validate(
        {"name": "x", "title": "X", "citation": "c", "class": f"{PACKAGE}{name.lower()}:{name}"}
    )
    with pytest.raises(ModelError, match="cannot run on sessions: "):
        model_class(spec)


def test_every_negative_is_an_item_and_not_the_target(stage: Stage) -> None:
    found, configuration = shipped("gru4rec_bpr")
    model = build(found, configuration, stage, seed=1)
    assert not isinstance(model, FullSoftmax)
    seen: dict[int, set[int]] = {}
    for seed in range(200):
        for batch in batches(model, stage).epoch(seed):
            negatives = batch[model.NEG_ITEM_ID].tolist()
            for target, negative in zip(batch[ITEM_FIELD].tolist(), negatives, strict=True):
                seen.setdefault(target, set()).add(negative)
    for target, negatives in seen.items():
        assert negatives == set(range(1, stage.n_items + 1)) - {target}
    one, other = (next(batches(model, stage).epoch(3))[model.NEG_ITEM_ID] for _ in range(2))
    assert torch.equal(one, other)


def test_sessions_are_anonymous(stage: Stage) -> None:
    found, configuration = shipped("fpmc")
    model = build(found, configuration, stage, seed=1)
    assert model.UI_emb.num_embeddings == THE_USER + 1
    assert all((b[model.USER_ID] == THE_USER).all() for b in batches(model, stage))


def test_a_limit_keeps_the_last_clicks(stage: Stage) -> None:
    found, configuration = shipped("sasrec")
    model = build(found, {**configuration, "MAX_ITEM_LIST_LENGTH": 3}, stage, seed=1)
    assert model.position_embedding.num_embeddings == 3
    whole = build(found, configuration, stage, seed=1)
    for short, full in zip(batches(model, stage, 1), batches(whole, stage, 1), strict=True):
        assert short[SEQUENCE].tolist()[0] == full[SEQUENCE].tolist()[0][-3:]


@pytest.mark.parametrize("name", ["srgnn", "stan", "sasrec", "niser", "lightsans"])
def test_what_is_judged_does_not_decide_how_long_a_prefix_is(name: str) -> None:
    spec = registry.model(name)
    found = model_class(spec)
    train = Sessions.from_lists([[1, 2, 3], [3, 4, 5, 2], [5, 1]])
    judged = Sessions.from_lists([[1, 2, 3, 4, 5, 1, 2, 3], [1, 2]])
    model = build(found, spec.parameters, stage_of("test", train, judged), seed=1)
    other = build(found, spec.parameters, stage_of("test", train, train), seed=1)
    assert model.max_seq_length == other.max_seq_length == 3
    for key, weight in model.state_dict().items():
        assert isinstance(weight, dict) or torch.equal(weight, other.state_dict()[key])
    [batch] = PrefixBatches(
        stage_of("test", train, judged).judged,
        batch_size=10,
        device=torch.device("cpu"),
        form=model.batch_form,
    )
    seen = 7 if name in ("srgnn", "stan") else 3
    assert batch[LENGTH_FIELD].max() == seen
    assert batch[SEQUENCE][6, :seen].tolist()[-3:] == [5, 1, 2]


def test_masked_training_sees_the_target_and_masks_something(stage: Stage) -> None:
    found, configuration = shipped("bert4rec")
    model = build(found, {**configuration, "ft_ratio": 0.0}, stage, seed=1)
    for plain, masked in zip(
        PrefixBatches(stage.train_prefixes, batch_size=2, device=torch.device("cpu")).epoch(1),
        batches(model, stage, 2).epoch(1),
        strict=True,
    ):
        assert (masked[model.MASK_INDEX] > 0).any()
        for row, length in enumerate(plain[LENGTH_FIELD].tolist()):
            expected = [*plain[SEQUENCE][row, :length].tolist(), int(plain[ITEM_FIELD][row])]
            assert masked[SEQUENCE][row, : length + 1].tolist() == expected
            shown = masked[model.MASK_ITEM_SEQ][row, : length + 1].tolist()
            assert all(s in (e, model.mask_token) for s, e in zip(shown, expected, strict=True))


def test_masks_that_mask_nothing_are_refused(stage: Stage) -> None:
    found, configuration = shipped("bert4rec")
    with pytest.raises(ModelError, match=r"would mask no click.*mask_ratio to 0\.13"):
        build(found, {**configuration, "mask_ratio": 0.05}, stage, seed=1)


def test_masked_prediction_sees_every_click(stage: Stage) -> None:
    found, configuration = shipped("bert4rec")
    model = build(found, configuration, stage, seed=1).eval()
    for batch in batches(model, stage, 1):
        length = int(batch[LENGTH_FIELD]) - 1
        seen = model.reconstruct_test_data(batch[SEQUENCE].clone(), batch[LENGTH_FIELD])[0]
        assert seen[:length].tolist() == batch[SEQUENCE][0, 1:].tolist()
        assert seen[length] == model.mask_token


def test_shan_predicts_from_the_sequence_that_it_learns_from(stage: Stage) -> None:
    found, configuration = shipped("shan")
    model = build(found, configuration, stage, seed=1).eval()
    batch = next(iter(batches(model, stage)))
    with torch.no_grad():
        scores = model.full_sort_predict(batch).gather(1, batch[ITEM_FIELD][:, None])
        torch.testing.assert_close(scores[:, 0], model.predict(batch))


@pytest.mark.parametrize("name", ["nextitnet", "caser", "lightsans", "repeatnet", "shan"])
def test_models_that_read_padding_get_batches_of_one_width(name: str, stage: Stage) -> None:
    found, configuration = shipped(name)
    model = build(found, configuration, stage, seed=1)
    widths = {batch[SEQUENCE].shape[1] for batch in batches(model, stage, 1)}
    assert widths == {model.max_seq_length}


@pytest.mark.parametrize("name", ["nextitnet", "caser", "lightsans", "repeatnet"])
def test_they_do_read_it(name: str, stage: Stage) -> None:
    """Why the width is fixed: cut to its clicks, a prefix gets other scores, or none."""
    found, configuration = shipped(name)
    model = build(found, configuration, stage, seed=1).eval()
    batch = next(b for b in batches(model, stage, 1) if int(b[LENGTH_FIELD]) == 2)
    cut = Interaction({**batch.interaction, SEQUENCE: batch[SEQUENCE][:, :2]})
    with torch.no_grad():
        try:
            changed = not torch.allclose(
                model.full_sort_predict(batch), model.full_sort_predict(cut), rtol=1e-4
            )
        except RuntimeError:
            changed = True
    assert changed


def test_a_default_of_recboles_is_a_number_where_it_means_one() -> None:
    assert recbole_parameters(recboles("SASRec"))["layer_norm_eps"] == 1e-12
