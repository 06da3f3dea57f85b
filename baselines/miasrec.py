"""MiaSRec: a session vector around every click, of which the best one counts for each item.

Source: Choi, Kim, Cho and Lee, "Multi-intent-aware Session-based Recommendation", SIGIR 2024; the
equations and settings are those of the authors' code, https://github.com/jin530/MiaSRec. Entmax is
that of Peters, Niculae and Martins, "Sparse Sequence-to-Sequence Models", ACL 2019.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from recbole.model.abstract_recommender import SequentialRecommender
from recbole.model.layers import TransformerLayer
from torch import nn
from torch.nn.functional import normalize

from srgnn_bench.layers.attention import check_heads
from srgnn_bench.layers.ragged import OrderedClicks, ordered_clicks, sum_by
from srgnn_bench.layers.session_graph import session_nodes
from srgnn_bench.layers.unit_rows import unit_rows
from srgnn_bench.models import ItemScores, ModelParameters, clear_padding

from .sasrec import recbole_block


class MiaSRecParameters(ModelParameters):
    """Parameters of MiaSRec; the defaults are those of the authors' code, but for ``intents``."""

    embedding_size: int = Field(100, ge=1)
    """Length of the vectors of items and sessions; a multiple of ``heads``."""

    inner_size: int = Field(256, ge=1)
    """Length of a block's inner vectors."""

    blocks: int = Field(2, ge=1)
    """Blocks of self-attention, one on the other."""

    heads: int = Field(2, ge=1)
    """Heads of attention of a block."""

    frequencies: int = Field(2, ge=1)
    """How often an item can be clicked in a session before more clicks make no difference."""

    intents: Literal["chosen", "all"] = "chosen"
    """Which of a session's vectors score items: those that entmax leaves a weight, or all."""

    best: float = Field(0.9, ge=0, le=1)
    """The paper's beta: share of the best vector in a score; the rest is their mean's."""

    temperature: float = Field(0.07, gt=0)
    """Cosines are divided by it before the softmax."""

    dropout: float = Field(0.1, ge=0, lt=1)
    """Dropout of what the blocks read, of attention and of what the parts of a block add."""

    session_dropout: float = Field(0.1, ge=0, lt=1)
    """Dropout of the vectors of clicks."""

    item_dropout: float = Field(0.1, ge=0, lt=1)
    """Dropout of the vectors of items, as they are scored."""


class BestProducts(torch.autograd.Function):
    """For groups of vectors, the largest product with each item that one of the group has.

    A block of items at a time stays in the cache: only the largest products are kept, and for the
    backward pass which vectors they are of. As with torch's ``max``, the gradient is theirs alone.
    """

    @staticmethod
    def forward(
        ctx: Any,
        vectors: torch.Tensor,
        items: torch.Tensor,
        sizes: list[int],
        keep: bool,
        at_once: int,
    ) -> torch.Tensor:
        """Largest products, shape (groups, items).

        Args:
            ctx: what the backward pass needs.
            vectors: the first vector of every group, then the second of those that have one, and
                so on; larger groups stand before smaller ones. Shape (rows, d).
            items: vectors of the items, shape (items, d).
            sizes: groups that have a first vector, a second one, and so on.
            keep: whether there will be a backward pass.
            at_once: products of vectors and items that are formed at a time.
        """
        largest = vectors.new_empty(sizes[0], len(items))
        ctx.sizes, ctx.width = sizes, max(1, at_once // len(vectors))
        numbers = largest.new_zeros(largest.shape if keep else (0, len(items)), dtype=torch.int16)
        for block, best, number in _columns(ctx.width, items.T, largest, numbers):
            first, *others = torch.split(vectors @ block, sizes)
            best.copy_(first)
            for n, products in enumerate(others, start=1):
                before = best[: len(products)]
                if keep:
                    number[: len(products)].masked_fill_(products > before, n)
                torch.maximum(before, products, out=before)
        ctx.save_for_backward(vectors, items, numbers)
        return largest

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Gradients of the vectors and of the items, each of its shape."""
        (gradient,) = gradients
        vectors, items, numbers = ctx.saved_tensors
        of_vectors, of_items = torch.zeros_like(vectors), torch.empty_like(items)
        sizes = torch.tensor(ctx.sizes, device=vectors.device)
        start = sizes.cumsum(0) - sizes
        group = torch.arange(ctx.sizes[0], device=vectors.device)[:, None]
        parts = _columns(ctx.width, items.T, of_items.T, gradient, numbers)
        for block, of_block, of_best, number in parts:
            of_products = gradient.new_zeros(len(vectors), number.shape[1])
            of_products.scatter_(0, start[number.long()] + group, of_best)
            of_vectors.addmm_(of_products, block.T)
            torch.mm(vectors.T, of_products, out=of_block)
        return of_vectors, of_items, None, None, None


class MiaSRec(ItemScores, SequentialRecommender):  # type: ignore[misc]
    """MiaSRec on flat clicks, with scores a block of items at a time.

    To the clicks v_1 ... v_n of a session comes their mean as v_0. With vectors x of the items
    (x_0 is the mean of the others), p of the positions (the mean has the first, then they count
    from the last click) and f of the frequencies, how often the session holds the item (the mean:
    once),

        h = blocks(layer_norm(x + p + f))        all clicks of a session and its mean see each other
        g_t = sigmoid(W_g [x_t ; h_t]),  u_t = g_t x_t + (1 - g_t) h_t
        a = entmax_t(W_a [u_0 ; u_t]),   s_t = u_t / |u_t| for all t with a_t > 0: the intents
        y = softmax((beta max_t s_t . x~ + (1 - beta) mean_t s_t . x~) / tau),  x~ = x / |x|

    Blocks are RecBole's, as in the authors' code since commit c2d4cbc. The runs that they publish,
    of May 2024, are of the code before it, 352f2fe, whose blocks have no feed-forward part: its
    ``no_ffn`` is true unless a file of settings says otherwise, and none does.

    Entmax is that of alpha = 1.5, between softmax and sparsemax. As s_t has
    length 1, it does not matter how large a_t is, so that W_a gets no gradient and stays what it
    was at the start, as in the authors' code. That code leaves alpha to a file of settings, none of
    its files has it, and it then takes -1, with which every click has some weight: ``intents: all``
    here. Which alpha the paper's tables have is not known here.

    In the authors' code the mean counts as a click on item 1 in the frequencies, its own and that
    of item 1; and padding, the longest session of the batch decides how much, takes part in the
    largest product: as an intent where alpha is -1, and else with a product of 0, as what entmax
    leaves out does. The padding item has a share in the softmax. None of it is so here, and a
    session's scores depend on nothing but itself.

    Weights begin as theirs: items uniform in ±1 / sqrt(d), the rest normal with 0.02. The loss is
    the cross-entropy over all items.

    Raises:
        ModelError: ``embedding_size`` is no multiple of ``heads``.
    """

    Parameters = MiaSRecParameters
    at_once: ClassVar[int] = 1_000_000
    """Products of intents and items that are formed at a time."""

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        own = MiaSRecParameters.read(config)
        d = own.embedding_size
        check_heads(d, heads=own.heads)
        self.frequencies, self.best, self.temperature = own.frequencies, own.best, own.temperature
        self.chooses = own.intents == "chosen"
        self.item_embedding = nn.Embedding(self.n_items, d, padding_idx=0)
        self.position_embedding = nn.Embedding(self.max_seq_length + 1, d)
        self.frequency_embedding = nn.Embedding(own.frequencies, d)
        self.layer_norm = nn.LayerNorm(d, eps=1e-12)
        self.blocks = nn.ModuleList(
            TransformerLayer(
                own.heads, d, own.inner_size, own.dropout, own.dropout, "gelu", layer_norm_eps=1e-12
            )
            for _ in range(own.blocks)
        )
        self.highway = nn.Linear(2 * d, d)
        self.importance = nn.Linear(2 * d, 1)
        self.dropout = nn.Dropout(own.dropout)
        self.session_dropout = nn.Dropout(own.session_dropout)
        self.item_dropout = nn.Dropout(own.item_dropout)
        self.apply(_initialise)
        nn.init.uniform_(self.item_embedding.weight, -(d**-0.5), d**-0.5)
        clear_padding(self.item_embedding)

    def item_vectors(self) -> torch.Tensor:
        """Vectors of length 1, dropped out in training before that, and 0 for the padding item.

        Shape (items + 1, embedding_size).
        """
        return unit_rows(self.item_dropout(self.item_embedding.weight))

    def intents(
        self, item_seq: torch.Tensor, item_seq_len: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Vectors of length 1, session after session, and the session of each.

        Every session has one at the least. Shapes (intents, embedding_size) and (intents,).
        """
        clicks = ordered_clicks(item_seq, item_seq_len)
        tokens = _with_means(clicks)
        of_clicks = self.item_embedding(clicks.items)
        means = clicks.sum(of_clicks) / clicks.lengths[:, None]
        items = self.session_dropout(torch.cat([of_clicks, means])[tokens.items])
        node = session_nodes(clicks).of_click
        often = node.bincount()[node]
        often = torch.cat([often, torch.ones_like(clicks.lengths)]).clamp(max=self.frequencies)
        states = items + self.position_embedding(tokens.clicks_after)
        states = states + self.frequency_embedding(often[tokens.items] - 1)
        states = self.dropout(self.layer_norm(states))
        pairs = tokens.all_pairs
        for block in self.blocks:
            states = recbole_block(block, states, states, pairs)
        gate = torch.sigmoid(self.highway(torch.cat([items, states], dim=1)))
        states = torch.lerp(states, items, gate.to(states.dtype))
        vectors = normalize(states, dim=1)
        if not self.chooses:
            return vectors, tokens.session
        with torch.no_grad():
            of_mean = tokens.spread(states[tokens.last])
            importance = self.importance(torch.cat([of_mean, states], dim=1)).float()
            chosen = entmax_by(importance[:, 0], tokens) > 0
        return vectors[chosen], tokens.session[chosen]

    def forward(self, item_seq: torch.Tensor, item_seq_len: torch.Tensor) -> torch.Tensor:
        """Scores of the padding item (0) and of all items, shape (sessions, items + 1)."""
        vectors, session = self.intents(item_seq, item_seq_len)
        sizes = session.bincount()
        means = sum_by(vectors, session, groups=len(sizes)) / sizes[:, None]
        order, places, rows = _by_number(session, sizes)
        items = self.item_vectors()
        # Its gradient is formed by hand, in the weights' precision.
        with torch.autocast(items.device.type, enabled=False):
            vectors, means = vectors.to(items.dtype), means.to(items.dtype)
            largest: torch.Tensor = BestProducts.apply(  # type: ignore[no-untyped-call]
                vectors[rows] * (self.best / self.temperature),
                items,
                places.bincount().tolist(),
                torch.is_grad_enabled(),
                self.at_once,
            )
            means = means * ((1 - self.best) / self.temperature)
            return torch.addmm(largest[order.argsort()], means, items.T)


def entmax_by(values: torch.Tensor, clicks: OrderedClicks) -> torch.Tensor:
    """Entmax of alpha = 1.5 over each session's clicks, found exactly.

        p_t = max(0, z_t / 2 - tau) ** 2,  where tau is such that they add up to 1

    With the k highest z / 2 of mean m and mean square q, tau is m - sqrt(1 / k - q + m ** 2), for
    the largest k for which the k-th of them is not below it (Peters et al., algorithm 2).

    Args:
        values: z of each click, shape (clicks,).
        clicks: the clicks.

    Returns:
        Shape (clicks,).
    """
    place, width = clicks.place, int(clicks.lengths.max())
    # What is 1 or more below the highest has no weight, so that padding at -2 has none.
    padded = values.new_full((len(clicks.lengths), width), float("-inf"))
    padded[clicks.session, place] = values
    padded = ((padded - padded.amax(1, keepdim=True)) / 2).clamp(min=-2)
    highest = padded.sort(1, descending=True).values
    k = torch.arange(1, width + 1, device=values.device)
    mean, square = highest.cumsum(1) / k, (highest**2).cumsum(1) / k
    tau = mean - (1 / k - square + mean**2).clamp(min=0).sqrt()
    last = (tau <= highest).sum(1, keepdim=True) - 1
    weights = (padded - tau.gather(1, last)).clamp(min=0) ** 2
    return weights[clicks.session, place]


def _with_means(clicks: OrderedClicks) -> OrderedClicks:
    """The sessions with one click more, the last, which stands for their mean.

    Their items are rows of a table that holds the clicks and then the means.
    """
    count, sessions = (
        len(clicks.items),
        torch.arange(len(clicks.lengths), device=clicks.last.device),
    )
    rows = clicks.items.new_empty(count + len(sessions))
    click = torch.arange(count, device=rows.device)
    rows[click + clicks.session] = click
    rows[clicks.last + 1 + sessions] = count + sessions
    return OrderedClicks.of(rows, clicks.lengths + 1)


def _by_number(
    session: torch.Tensor, sizes: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """An order of intents in which those of the same number stand together.

    Args:
        session: session of each intent, ascending, shape (intents,).
        sizes: intents of each session, shape (sessions,).

    Returns:
        Sessions, those with the most intents first, shape (sessions,); the number of each intent in
        its session, from 0, and the intents by number and then by session in that order, both of
        shape (intents,).
    """
    order = sizes.argsort(descending=True, stable=True)
    places = OrderedClicks.of(session, sizes).place
    rows = (places * len(sizes) + order.argsort()[session]).argsort()
    return order, places, rows


def _columns(width: int, *matrices: torch.Tensor) -> zip[tuple[torch.Tensor, ...]]:
    """So many columns of all matrices at a time, views of them."""
    return zip(*(torch.split(matrix, width, dim=1) for matrix in matrices), strict=True)


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=0.02)
    if isinstance(module, nn.Linear):
        nn.init.zeros_(module.bias)
