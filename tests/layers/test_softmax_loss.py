from __future__ import annotations

from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

from srgnn_bench.errors import ModelError
from srgnn_bench.layers import products, softmax_loss

# Several blocks and tiles even for the small matrices of these tests.
full_softmax_loss = partial(softmax_loss.full_softmax_loss, block_sessions=5, tile_bytes=5 * 7 * 4)


def drawn(sessions: int, items: int, d: int, *, scale: float = 1.0, dtype=torch.float32):
    torch.manual_seed(sessions * items + d)
    vectors = (scale * torch.randn(sessions, d, dtype=dtype)).requires_grad_()
    item_vectors = torch.randn(items + 1, d, dtype=dtype).requires_grad_()
    return vectors, item_vectors, torch.randint(1, items + 1, (sessions,))


def by_torch(vectors, item_vectors, targets):
    return cross_entropy(vectors @ item_vectors[1:].T, targets - 1)


def assert_same(actual, expected, *, relative):
    for one, other in zip(actual, expected, strict=True):
        assert (one - other).abs().max() <= relative * other.abs().max()


def assert_exact(vectors, item_vectors, targets, *, of_loss, of_gradients):
    """In single precision what torch has in double, within a share of the largest number."""
    loss = full_softmax_loss(vectors, item_vectors, targets)
    gradients = torch.autograd.grad(loss, (vectors, item_vectors))
    exact = [tensor.detach().double().requires_grad_() for tensor in (vectors, item_vectors)]
    expected = by_torch(*exact, targets)
    assert_same([loss], [expected], relative=of_loss)
    assert_same(gradients, torch.autograd.grad(expected, exact), relative=of_gradients)


@given(
    sessions=st.integers(1, 17),
    items=st.integers(1, 40),
    d=st.integers(1, 9),
    scale=st.sampled_from([0.01, 1.0, 5.0]),
)
def test_loss_and_gradients_are_those_of_torch(sessions, items, d, scale):
    vectors, item_vectors, targets = drawn(sessions, items, d, scale=scale, dtype=torch.float64)
    results = []
    for loss_function in (full_softmax_loss, by_torch):
        loss = loss_function(vectors, item_vectors, targets)
        results.append([loss, *torch.autograd.grad(loss, (vectors, item_vectors))])
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("scale", [0.1, 1.0, 3.0])
def test_single_precision_is_as_exact_as_that_of_torch(scale):
    in_larger_blocks = partial(full_softmax_loss, block_sessions=64, tile_bytes=64 * 512 * 4)
    vectors, item_vectors, targets = drawn(150, 3000, 32, scale=scale)

    def loss_and_gradients(loss_function, *inputs):
        loss = loss_function(*inputs, targets)
        return [loss, *torch.autograd.grad(loss, inputs)]

    ours = loss_and_gradients(in_larger_blocks, vectors, item_vectors)
    theirs = loss_and_gradients(by_torch, vectors, item_vectors)
    doubled = [tensor.detach().double().requires_grad_() for tensor in (vectors, item_vectors)]
    exact = loss_and_gradients(by_torch, *doubled)
    for one, other, truth in zip(ours, theirs, exact, strict=True):
        size = truth.abs().max()
        # The last digit of scores from 16 to 32 is 2e-6, and so are errors of exponentials.
        allowed = torch.maximum(3e-6 * size, 2 * (other - truth).abs().max())
        assert (one - truth).abs().max() <= allowed
        if scale < 1:
            assert (one - other).abs().max() <= 1e-6 * size


def test_both_libraries_give_the_same(monkeypatch):
    if not products.HAS_ONEDNN:
        pytest.skip("this torch has no oneDNN")
    vectors, item_vectors, targets = drawn(150, 300, 32)
    exact = by_torch(vectors.double(), item_vectors.double(), targets)
    exact = [exact, *torch.autograd.grad(exact, (vectors, item_vectors))]
    for onednn in (False, True):
        monkeypatch.setattr(softmax_loss, "TRAINS_BY_ONEDNN", onednn)
        for name in ("put_product", "add_product"):
            monkeypatch.setattr(softmax_loss, name, partial(getattr(products, name), onednn=onednn))
        loss = softmax_loss.full_softmax_loss(
            vectors, item_vectors, targets, block_sessions=64, tile_bytes=64 * 100 * 4
        )
        found = [loss, *torch.autograd.grad(loss, (vectors, item_vectors))]
        assert_same(found, exact, relative=3e-6)


def test_gradcheck():
    vectors, item_vectors, targets = drawn(6, 9, 3, dtype=torch.float64)
    assert torch.autograd.gradcheck(full_softmax_loss, (vectors, item_vectors, targets))


@pytest.mark.parametrize("scale", [1e2, 1e4])
def test_large_scores_neither_overflow_nor_vanish(scale):
    vectors, item_vectors, targets = drawn(6, 30, 4, scale=scale)
    assert_exact(vectors, item_vectors, targets, of_loss=1e-6, of_gradients=1e-2)


@pytest.mark.parametrize("far", [30.0, 65.0, 80.0, 300.0])
def test_a_target_far_below_the_highest_score_has_a_finite_loss(far):
    """Its probability, and what 1 / probability is, may be beyond single precision."""
    vectors = torch.tensor([[1.0, 0.5]], requires_grad=True)
    item_vectors = torch.tensor([[0, 0], [far, 0], [-far, 0], [1, 1]], requires_grad=True)
    assert_exact(vectors, item_vectors, torch.tensor([2]), of_loss=1e-6, of_gradients=1e-5)


def test_nan_is_not_hidden():
    vectors, item_vectors, targets = drawn(6, 30, 4)
    with torch.no_grad():
        item_vectors[20, 1] = torch.nan
    assert full_softmax_loss(vectors, item_vectors, targets).isnan()


def test_padding_has_no_share_and_no_gradient():
    vectors, item_vectors, targets = drawn(6, 30, 4)
    before = full_softmax_loss(vectors, item_vectors, targets)
    with torch.no_grad():
        item_vectors[0] = 1e6
    after = full_softmax_loss(vectors, item_vectors, targets)
    assert before == after
    assert (torch.autograd.grad(after, item_vectors)[0][0] == 0).all()


def test_the_chain_rule_holds_for_what_follows_the_loss():
    vectors, item_vectors, targets = drawn(6, 30, 4)
    plain = torch.autograd.grad(full_softmax_loss(vectors, item_vectors, targets), item_vectors)
    tripled = torch.autograd.grad(
        3 * full_softmax_loss(vectors, item_vectors, targets), item_vectors
    )
    torch.testing.assert_close(tripled[0], 3 * plain[0])


def test_a_second_backward_pass_gives_the_same_gradients():
    vectors, item_vectors, targets = drawn(6, 30, 4)
    loss = full_softmax_loss(vectors, item_vectors, targets)
    first = torch.autograd.grad(loss, (vectors, item_vectors), retain_graph=True)
    kept = [gradient.clone() for gradient in first]
    second = torch.autograd.grad(loss, (vectors, item_vectors))
    assert all(torch.equal(one, other) for one, other in zip(kept, second, strict=True))


def test_second_derivatives_are_refused():
    vectors, item_vectors, targets = drawn(6, 30, 4)
    loss = full_softmax_loss(vectors, item_vectors, targets)
    # RecBole's import switches anomaly detection on, which would print the whole traceback.
    quietly = torch.autograd.set_detect_anomaly(False)
    with quietly, pytest.raises(ModelError, match="second derivatives"):
        torch.autograd.grad(loss, vectors, create_graph=True)


def test_without_gradients_the_loss_is_the_same():
    vectors, item_vectors, targets = drawn(13, 30, 4)
    with torch.no_grad():
        alone = full_softmax_loss(vectors, item_vectors, targets)
    torch.testing.assert_close(alone, full_softmax_loss(vectors, item_vectors, targets))
    assert not alone.requires_grad


def test_equal_inputs_give_equal_bits():
    vectors, item_vectors, targets = drawn(13, 30, 4)

    def gradients():
        loss = full_softmax_loss(vectors, item_vectors, targets)
        return torch.autograd.grad(loss, (vectors, item_vectors))

    first = gradients()
    full_softmax_loss(*drawn(17, 50, 4))  # leaves other numbers in the kept memory
    assert all(torch.equal(one, other) for one, other in zip(first, gradients(), strict=True))


@pytest.mark.parametrize("target", [0, 31])
def test_a_target_outside_the_catalogue_is_an_error(target):
    vectors, item_vectors, targets = drawn(6, 30, 4)
    targets[2] = target
    with pytest.raises(ModelError, match="items 1 to 30"):
        full_softmax_loss(vectors, item_vectors, targets)


def test_work_memory_is_bounded_for_any_catalogue():
    for n_items in (10, 43_097, 1_000_000, 100_000_000):
        rows = softmax_loss._block_sessions(2048, n_items, 4, softmax_loss.BLOCK_SESSIONS)
        assert rows >= 1
        assert rows == 1 or rows * n_items * 4 <= softmax_loss.WORK_BYTES


@pytest.mark.parametrize("offset", [-400.0, 400.0])
def test_scores_far_from_zero_lose_nothing(offset):
    vectors, item_vectors, targets = drawn(6, 30, 4)
    with torch.no_grad():  # all scores of a session move alike, which a softmax does not feel
        vectors[:, 0], item_vectors[:, 0] = 1, offset
    assert_exact(vectors, item_vectors, targets, of_loss=1e-5, of_gradients=1e-4)


@pytest.mark.parametrize("scale", [0.1, 0.5])
def test_half_precision_is_rounding_and_sums_are_not(scale):
    in_larger_blocks = partial(full_softmax_loss, block_sessions=64)
    vectors, item_vectors, targets = drawn(150, 3000, 32, scale=scale)

    def loss_and_gradients():
        with torch.autocast("cpu", torch.bfloat16):
            loss = in_larger_blocks(vectors, item_vectors, targets)
        return [loss, *torch.autograd.grad(loss, (vectors, item_vectors))]

    exact = by_torch(vectors.double(), item_vectors.double(), targets)
    exact = [exact, *torch.autograd.grad(exact, (vectors, item_vectors))]
    low, again = loss_and_gradients(), loss_and_gradients()
    for one, other, twice in zip(low, exact, again, strict=True):
        assert one.dtype == torch.float32
        assert torch.equal(one, twice)
        assert (one - other).norm() < 5e-3 * other.norm()
    assert abs(low[0] - exact[0]) < 1e-4 * exact[0]  # 3,000 terms, each with an error of 0.4%


def test_half_precision_neither_overflows_nor_vanishes():
    vectors, item_vectors, targets = drawn(6, 30, 4, scale=1e2)
    with torch.autocast("cpu", torch.bfloat16):
        loss = full_softmax_loss(vectors, item_vectors, targets)
    torch.testing.assert_close(loss, by_torch(vectors, item_vectors, targets), rtol=0.02, atol=0)
    gradients = torch.autograd.grad(loss, (vectors, item_vectors))
    assert all(gradient.isfinite().all() for gradient in gradients)
    assert (gradients[1][0] == 0).all()


def test_half_precision_takes_another_catalogue_after_one_of_the_same_size():
    first, other = drawn(7, 20, 4), drawn(7, 20, 4)
    with torch.no_grad():
        other[1].mul_(2)
    with torch.autocast("cpu", torch.bfloat16):
        before = full_softmax_loss(*first)
        full_softmax_loss(*other)
        assert full_softmax_loss(*first) == before
