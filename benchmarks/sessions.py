"""The sessions that the measurements run on."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from srgnn_bench.data.prepare import prepare
from srgnn_bench.data.sessions import Prefixes, Sessions, Stage, stage_of
from srgnn_bench.errors import DataError
from srgnn_bench.specs import registry

LONGEST = 50
"""Clicks to which RecBole's MAX_ITEM_LIST_LENGTH limits a prefix unless told otherwise."""


def diginetica_or_generated(data_root: Path | None) -> tuple[str, Sessions, Sessions]:
    """A name, training sessions and test sessions.

    Diginetica where it is under the data root; otherwise sessions of its size, made up.
    """
    return real(data_root, "diginetica") or generated_like_diginetica()


def real(data_root: Path | None, dataset: str) -> tuple[str, Sessions, Sessions] | None:
    """A dataset's name and its sessions; None where it is not under the data root."""
    if data_root is None:
        return None
    with tempfile.TemporaryDirectory() as cache:
        try:
            found = prepare(registry.dataset(dataset), data_root=data_root, cache=Path(cache))
        except DataError:
            return None
    return dataset, found.train, found.test


def generated_like_diginetica() -> tuple[str, Sessions, Sessions]:
    """A name and sessions as many as in diginetica."""
    made = generated(sessions=202_000, items=43_097, seed=0)
    cut = 186_000
    return "generated", made.between(0, cut), made.between(cut, len(made))


def generated(*, sessions: int, items: int, seed: int) -> Sessions:
    """Sessions as long and items as unevenly popular as in diginetica, without any pattern."""
    random = np.random.default_rng(seed)
    lengths = 2 + np.minimum(random.geometric(0.26, sessions) - 1, 68)
    clicks = int(lengths.sum())
    popularity = 1 / (np.arange(items) + 100.0)
    drawn = 1 + random.choice(items, size=clicks, p=popularity / popularity.sum())
    drawn[:items] = np.arange(1, items + 1)  # every item is in the catalogue
    return Sessions(
        items=drawn.astype(np.int64),
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        times=np.arange(sessions),
    )


def stage(train: Sessions, judged: Sessions) -> Stage:
    """The stage of these sessions, prefixes limited as RecBole limits them."""
    return stage_of("test", train, judged, longest=LONGEST)


def sampled(prefixes: Prefixes, *, count: int, seed: int) -> Prefixes:
    """Some of the prefixes that hold a click and have a target in the catalogue.

    A longest one is among them, since RecBole pads all prefixes to the longest of the data set.
    """
    shown = prefixes.stop - prefixes.start
    usable = np.flatnonzero((shown > 0) & (prefixes.target > 0))
    longest = usable[shown[usable].argmax()]
    others = usable[usable != longest]
    size = min(count - 1, len(others))
    keep = np.zeros(len(prefixes), dtype=np.bool_)
    keep[np.random.default_rng(seed).choice(others, size=size, replace=False)] = True
    keep[longest] = True
    return prefixes.select(keep)


def with_prefixes(of: Stage, *, train: int, judged: int) -> Stage:
    """The stage with so many of its prefixes, and its whole catalogue."""
    return replace(
        of,
        train_prefixes=sampled(of.train_prefixes, count=train, seed=1),
        judged=sampled(of.judged, count=judged, seed=2),
    )
