"""Sparse matrices with a row per session, prefix or item, for the models that count."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from srgnn_bench.data.sessions import Integers

Floats = npt.NDArray[np.float64]


def last_positions(items: Integers, offsets: Integers, *, n_items: int) -> csr_array:
    """The place of the last click on each item of each session.

    Args:
        items: clicks, session after session, shape (clicks,).
        offsets: session s holds ``items[offsets[s]:offsets[s + 1]]``, shape (sessions + 1,).
        n_items: columns of the result, the padding item 0 included.

    Returns:
        Shape (sessions, n_items); entries count from 1, and nothing is stored for an item that
        the session does not hold. The entries of a row ascend, so that what is summed over them is
        summed in the order of the clicks and not of the items' numbers.
    """
    lengths = np.diff(offsets)
    session = np.repeat(np.arange(len(lengths)), lengths)
    # Read backwards, the first of several clicks on an item is the last one.
    _, first = np.unique((session * n_items + items)[::-1], return_index=True)
    click = np.sort(len(items) - 1 - first)
    rows, columns = session[click], items[click]
    bounds = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(lengths)))])
    return csr_array(
        (
            (click - offsets[rows] + 1).astype(np.int32),
            columns.astype(np.int32),
            bounds.astype(np.int32),
        ),
        shape=(len(lengths), n_items),
    )


def keep_best(
    matrix: csr_array,
    order: npt.NDArray[np.integer[Any]],
    *,
    count: int,
    least_equal: Callable[[Any], Any] = lambda number: number,
) -> csr_array:
    """Keep the entries of each row that come last in an order.

    Args:
        matrix: any matrix in rows.
        order: a number for each stored entry, shape (entries,).
        count: entries that a row keeps, and besides them those that tie with the last of them.
        least_equal: the least number that ties with a number, itself unless told otherwise.
    """
    sizes = np.diff(matrix.indptr)
    crowded = np.flatnonzero(sizes > count)
    if not len(crowded):
        return matrix
    keep = np.ones(len(order), dtype=np.bool_)
    starts, stops = matrix.indptr[crowded].tolist(), matrix.indptr[crowded + 1].tolist()
    for start, stop in zip(starts, stops, strict=True):
        own = order[start:stop]
        surplus = stop - start - count
        parted = own.copy()
        parted.partition(surplus)
        np.greater_equal(own, least_equal(parted[surplus]), out=keep[start:stop])
    return select(matrix, keep)


def select(matrix: csr_array, keep: npt.NDArray[np.bool_]) -> csr_array:
    """Keep the stored entries that are marked, shape of ``keep`` (entries,)."""
    kept = np.flatnonzero(keep)
    bounds = np.searchsorted(kept, matrix.indptr).astype(matrix.indptr.dtype)
    return csr_array(
        (matrix.data.take(kept), matrix.indices.take(kept), bounds), shape=matrix.shape
    )


def places_of(wanted: Integers, *, keys: Integers) -> tuple[Integers, npt.NDArray[np.bool_]]:
    """Where numbers stand among others, and which of them do.

    ``np.isin`` would sort the keys at every call.

    Args:
        wanted: what is looked for, shape (n,).
        keys: ascending, each once, shape (keys,).

    Returns:
        Place of each number that is found, shape (found,), and which ones are, shape (n,).
    """
    place = np.searchsorted(keys, wanted)
    found = place < len(keys)
    found[found] = keys[place[found]] == wanted[found]
    return place[found], found


def by_value(values: Floats, *, ties: Integers) -> Integers:
    """Numbers that order entries by value and, where values are equal, by ``ties``.

    Values are compared in single precision: sums that are equal on paper but were added up in
    another order stay equal.

    Args:
        values: not negative, shape (entries,).
        ties: 0 to 2**32 - 1, shape (entries,).
    """
    ordered: Integers = (value_bits(values).astype(np.int64) << 32) | ties
    return ordered


def value_bits(values: Floats) -> npt.NDArray[np.int32]:
    """Numbers that order entries by value, in single precision.

    Args:
        values: not negative, shape (entries,).
    """
    # The bits of a positive float, read as an integer, ascend with it.
    return values.astype(np.float32).view(np.int32)


def rounded(scores: csr_array) -> csr_array:
    """Scores in single precision; sums are made in double precision and rounded once, here.

    Shape (prefixes, n_items). A stored score, positive on paper, stays so: an item that a model
    reaches never ties with one that it does not.
    """
    values = np.maximum(scores.data, np.finfo(np.float32).tiny).astype(np.float32)
    return with_values(scores, values)


def with_values(matrix: csr_array, values: npt.NDArray[Any]) -> csr_array:
    """The same entries with other values, shape (entries,); the places are shared."""
    return csr_array((values, matrix.indices, matrix.indptr), shape=matrix.shape)


def rows_of(matrix: csr_array) -> Integers:
    """Row of each stored entry, shape (entries,)."""
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
