"""Ranks every judged prefix with a model, chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from srgnn_bench.counting.bases import SparseRecommender
from srgnn_bench.counting.sparse_ranks import sparse_ranks_of, sparse_top_items
from srgnn_bench.data.sessions import Integers, Prefixes, Stage
from srgnn_bench.errors import ModelError
from srgnn_bench.evaluation.metrics import Metric
from srgnn_bench.evaluation.ranks import ranks_of, top_items
from srgnn_bench.layers.products import RANKS_BY_ONEDNN, put_product
from srgnn_bench.models import ItemProducts
from srgnn_bench.process.computing import limits_named, out_of_memory
from srgnn_bench.recbole_bridge.batch_form import Batch, form_of
from srgnn_bench.recbole_bridge.dataset import PrefixBatches

OBJECTIVE = "mrr@20"
"""The metric that chooses configurations and epochs."""


@dataclass(frozen=True)
class Portions:
    """How much is done at a time; the ranks do not depend on it.

    Attributes:
        scores: scores held. All scores of a test set would take tens of gigabytes.
        tile: items scored. oneDNN has memory of its own for their scores, which the caches should
            hold.
        encoded: prefixes encoded, where the encoder can be called apart from the scoring.
        pairs: pairs of clicks of one prefix encoded, n * n for a prefix of n clicks. Attention
            copies vectors for each, and all prefixes of one long session stand together.
        sparse: prefixes scored by a model that leaves most items at 0.
        alike: prefixes among which such a model looks for those that are alike, which takes some
            100 bytes each.
    """

    scores: int = 4_000_000
    tile: int = 2048 if RANKS_BY_ONEDNN else 1_000_000
    encoded: int = 2048
    pairs: int = 800_000
    sparse: int = 256
    alike: int = 131_072


@dataclass(frozen=True)
class Ranking:
    """How a model ranked the judged prefixes.

    Attributes:
        ranks: rank of each target, from 1; the number of items + 1 is a certain miss, shape
            (prefixes,).
        top: the best items of each list, best first, shape (prefixes, k); 0 where the prefix
            holds no click that the catalogue knows, so that no list could be made. None where
            lists were not asked for.
    """

    ranks: Integers
    top: Integers | None


@torch.no_grad()
def rank_prefixes(
    model: Any,
    prefixes: Prefixes,
    *,
    n_items: int,
    k: int | None = None,
    portions: Portions = Portions(),
) -> Ranking:
    """Rank the targets of all prefixes against the full catalogue.

    A prefix without any click that the catalogue knows is a certain miss for every model. Prefixes
    that show the same clicks are scored once. Where memory runs out, fewer are ranked at a time.

    Args:
        model: a RecBole sequential model, or one with ``ItemProducts``.
        prefixes: what to rank.
        n_items: items in the catalogue, padding not counted.
        k: length of the lists to return; None for ranks alone, which is faster.
        portions: how much is done at a time.

    Raises:
        ModelError: the model's scores are NaN or have the wrong shape, or the memory does not do
            for a single prefix.
    """
    model.eval()
    ranks = np.full(len(prefixes), n_items + 1, dtype=np.int64)
    top = None if k is None else np.zeros((len(prefixes), min(k, n_items)), dtype=np.int64)
    has_clicks = prefixes.stop > prefixes.start
    shown = np.flatnonzero(has_clicks)
    with limits_named(
        f"Ranking with {type(model).__name__}, one prefix at a time,",
        device=torch.device(model.device),
        remedy="Use a device with more memory.",
    ):
        for chunk, ranked in _ranked(model, prefixes.select(has_clicks), n_items, k, portions):
            ranks[shown[chunk]] = ranked.ranks
            if top is not None and ranked.top is not None:
                top[shown[chunk]] = ranked.top
    return Ranking(ranks=ranks, top=top)


@torch.no_grad()
def scores_of(
    model: Any, prefixes: Prefixes, *, n_items: int, portions: Portions = Portions()
) -> Iterator[tuple[Integers, torch.Tensor]]:
    """Scores of all items, as they are ranked, a chunk of prefixes at a time.

    Args:
        model: a RecBole sequential model, or one with ``FullSoftmax``.
        prefixes: what to score; each shows a click.
        n_items: items in the catalogue, padding not counted.
        portions: how much is done at a time.

    Yields:
        Which prefixes, from 0, shape (chunk,), and their scores, shape (chunk, items). The next
        chunk's scores may take the place of the last one's.
    """
    model.eval()
    size = _ChunkSize.of(portions, n_items=n_items)
    done = 0
    for scores in _scored(model, prefixes, n_items, size):
        yield np.arange(done, done := done + len(scores)), scores


def judge(model: Any, stage: Stage) -> dict[str, float]:
    """What a model is judged by while it is tuned or trained: MRR@20, and Recall@20 beside it."""
    ranks = rank_prefixes(model, stage.judged, n_items=stage.n_items).ranks
    return {name: Metric.named(name).mean(ranks) for name in (OBJECTIVE, "recall@20")}


def chance_level(stage: Stage) -> float:
    """MRR@20 of ranking the items by their clicks in training, whatever the session.

    What learns nothing of sessions comes out hardly better; equal clicks count against the target.
    """
    clicks = np.bincount(stage.train.items, minlength=stage.n_items + 1)[1:]
    target = stage.judged.target
    below = np.searchsorted(np.sort(clicks), clicks[np.maximum(target, 1) - 1])
    ranks = np.where(target > 0, stage.n_items - below, stage.n_items + 1)
    return Metric.named(OBJECTIVE).mean(ranks)


def _ranked(
    model: Any, prefixes: Prefixes, n_items: int, k: int | None, portions: Portions
) -> Iterator[tuple[Integers, Ranking]]:
    """Ranks and lists, a chunk of prefixes at a time; the chunk says which ones, from 0."""
    if isinstance(model, SparseRecommender):
        number = np.arange(len(prefixes))
        for start in range(0, len(prefixes), portions.alike):
            block = prefixes.select(number // portions.alike == start // portions.alike)
            for chunk, ranked in _ranked_sparsely(model, block, k, size=portions.sparse):
                yield start + chunk, ranked
        return
    first, kind = prefixes.different()
    different, by_kind = prefixes.select(first), np.argsort(kind, kind="stable")
    ends = np.cumsum([0, *np.bincount(kind)])
    targets = torch.from_numpy(prefixes.target).to(model.device)
    size = _ChunkSize.of(portions, n_items=n_items)
    done = 0
    while done < len(different):
        left = different.select(np.arange(len(different)) >= done)
        try:
            for scores in _scored(model, left, n_items, size):
                chunk = by_kind[ends[done] : ends[done + len(scores)]]
                rows = torch.from_numpy(kind[chunk] - done).to(scores.device)
                yield chunk, _ranking_of(scores, rows, targets[chunk], k)
                done += len(scores)
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error) or size.scored == size.encoded == 1:
                raise
            size = size.halved


@dataclass(frozen=True)
class _ChunkSize:
    """Prefixes that are scored at a time, and those that are encoded; pairs of clicks; items."""

    scored: int
    encoded: int
    pairs: int
    tile: int

    @classmethod
    def of(cls, portions: Portions, *, n_items: int) -> _ChunkSize:
        """As many prefixes as the scores that are held allow."""
        scored = max(1, portions.scores // n_items)
        return cls(scored, portions.encoded, portions.pairs, portions.tile)

    @property
    def halved(self) -> _ChunkSize:
        """Half of the prefixes and of their pairs, but one at the least."""
        return replace(
            self,
            scored=max(1, self.scored // 2),
            encoded=max(1, self.encoded // 2),
            pairs=max(1, self.pairs // 2),
        )


def _ranking_of(
    scores: torch.Tensor, rows: torch.Tensor, targets: torch.Tensor, k: int | None
) -> Ranking:
    """Ranks and lists of prefixes, of which some share their row of scores.

    Args:
        scores: of different prefixes, shape (rows, items).
        rows: the row of each prefix, in order, shape (prefixes,); each row has one at the least.
        targets: target of each prefix, shape (prefixes,).
        k: length of the lists; None for none.
    """
    ranks = torch.empty_like(targets)
    is_first = torch.ones_like(rows, dtype=torch.bool)
    is_first[1:] = rows[1:] != rows[:-1]
    ranks[is_first] = ranks_of(scores, targets[is_first])
    others = torch.nonzero(~is_first)[:, 0]
    for some in torch.split(others, len(scores)) if len(others) else ():
        ranks[some] = ranks_of(scores[rows[some]], targets[some])
    top = None if k is None else top_items(scores, k=k)[rows].cpu().numpy()
    return Ranking(ranks=ranks.cpu().numpy(), top=top)


def _ranked_sparsely(
    model: SparseRecommender, prefixes: Prefixes, k: int | None, *, size: int
) -> Iterator[tuple[Integers, Ranking]]:
    """As ``_ranked``. Many sessions begin alike; what they share is scored once."""
    first, kind = prefixes.different()
    by_kind = np.argsort(kind, kind="stable")
    batches = _batches(model, prefixes.select(first), size)
    bounds = np.searchsorted(kind[by_kind], np.arange(size, batches.size, size))

    def rank(batch: Batch, chunk: Integers) -> tuple[Integers, Ranking]:
        scores = model.sparse_scores(batch)
        rows = kind[chunk] % size
        return chunk, Ranking(
            ranks=sparse_ranks_of(scores[rows], prefixes.target[chunk]),
            top=None if k is None else sparse_top_items(scores, k=k)[rows],
        )

    # SciPy and NumPy let threads run at once.
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        yield from pool.map(rank, batches, np.split(by_kind, bounds))


def _batches(
    model: Any, prefixes: Prefixes, size: int, *, pairs: int | None = None
) -> PrefixBatches:
    """Batches of prefixes as the model wants them."""
    device, form = torch.device(model.device), form_of(model)
    return PrefixBatches(prefixes, batch_size=size, device=device, form=form, pairs=pairs)


def _scored(
    model: Any, prefixes: Prefixes, n_items: int, size: _ChunkSize
) -> Iterator[torch.Tensor]:
    """Scores of the items 1 to n_items, shape (chunk, n_items), a chunk of prefixes at a time.

    The next chunk's scores may take the place of the last one's.
    """
    rows = size.scored
    # A class derived from it may score in its own way, with a bias or a mask.
    if getattr(type(model), "full_sort_predict", None) is ItemProducts.full_sort_predict:
        items = model.item_vectors()[1:]
        scores = items.new_empty(rows, len(items))
        for batch in _batches(model, prefixes, size.encoded, pairs=size.pairs):
            for vectors in torch.split(model.session_vectors(batch), rows):
                yield _score(vectors, items, size.tile, out=scores[: len(vectors)])
        return
    for batch in _batches(model, prefixes, rows, pairs=size.pairs):
        scores = model.full_sort_predict(batch).view(len(batch), -1)
        if scores.shape[1] != n_items + 1:
            raise ModelError(
                f"{type(model).__name__}.full_sort_predict returned {scores.shape[1]} scores "
                f"per prefix.",
                remedy=f"Return one per item and one for padding: {n_items + 1}.",
            )
        yield scores[:, 1:]


def _score(
    vectors: torch.Tensor, items: torch.Tensor, size: int, *, out: torch.Tensor
) -> torch.Tensor:
    """Products of all vectors, shape (b, d), with all items, shape (items, d), in ``out``."""
    for start in range(0, len(items), size):
        tile = slice(start, start + size)
        put_product(out[:, tile], vectors, items[tile], onednn=RANKS_BY_ONEDNN)
    return out
