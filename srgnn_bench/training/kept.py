"""A trained model that is kept: its weights, and the items that it recommends for a session."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from srgnn_bench.data.sessions import Prefixes, Stage
from srgnn_bench.errors import DataError
from srgnn_bench.evaluation.ranks import top_items
from srgnn_bench.specs.log import Names
from srgnn_bench.training.ranking import scores_of


def weights_of(model: Any) -> bytes:
    """A model's state dict, which carries the whole model, as ``torch.save`` writes it."""
    content = io.BytesIO()
    torch.save(model.state_dict(), content)
    return content.getvalue()


def load_weights(model: Any, weights: bytes) -> None:
    """Give a model the weights of ``weights_of``; nothing in them is run as code."""
    state = torch.load(io.BytesIO(weights), map_location=model.device, weights_only=True)
    model.load_state_dict(state)


class KeptModel:
    """A trained model with the items of its catalogue.

    Args:
        model: a RecBole sequential model with its weights.
        stage: the stage that it was trained on.
        item_names: the log's id of the dataset's item i at i - 1, ascending, shape (items,).
        longest: the clicks of a session that the model sees, the last ones; None for all.

    Attributes:
        model: the model.
        items: the log's id of each item of the catalogue, shape (catalogue,).
    """

    def __init__(self, model: Any, stage: Stage, *, item_names: Names, longest: int | None) -> None:
        self.model = model
        self.items = item_names[stage.catalogue - 1]
        self._longest = longest

    def __repr__(self) -> str:
        return f"KeptModel({type(self.model).__name__}, {len(self.items):,} items)"

    def scores(self, sessions: Sequence[Sequence[Any]]) -> npt.NDArray[np.float32]:
        """The score of every item as the next click, as they are ranked.

        Args:
            sessions: clicks of each session, oldest first, as the log's ids. Those of items that
                training does not show are left out, as they are when test sessions are ranked.

        Returns:
            Shape (sessions, catalogue), in the order of ``items``; a session without a known click
            has NaN, since no model can say anything of it.

        Raises:
            DataError: a session is no list, or the ids are of another type than the log's.
        """
        prefixes = self._prefixes(sessions)
        scores = np.full((len(sessions), len(self.items)), np.nan, dtype=np.float32)
        shown = prefixes.stop > prefixes.start
        place = np.flatnonzero(shown)
        for chunk, some in scores_of(self.model, prefixes.select(shown), n_items=len(self.items)):
            scores[place[chunk]] = some.cpu().numpy()
        return scores

    def recommend(self, sessions: Sequence[Sequence[Any]], *, k: int = 20) -> pd.DataFrame:
        """The best items as the next click of each session.

        Args:
            sessions: as for ``scores``.
            k: items per session.

        Returns:
            A row per session and item, best first: ``session`` (its place, from 0), ``rank`` (from
            1), ``item`` (the log's id) and ``score``. A session without a known click has no rows.

        Raises:
            DataError: as for ``scores``.
        """
        prefixes = self._prefixes(sessions)
        shown = prefixes.stop > prefixes.start
        place = np.flatnonzero(shown)
        frames = []
        for chunk, scores in scores_of(self.model, prefixes.select(shown), n_items=len(self.items)):
            best = top_items(scores, k=k).cpu()
            frames.append(
                pd.DataFrame(
                    {
                        "session": np.repeat(place[chunk], best.shape[1]),
                        "rank": np.tile(np.arange(1, best.shape[1] + 1), len(chunk)),
                        "item": self.items[best.numpy().ravel() - 1],
                        "score": scores.cpu().gather(1, best - 1).numpy().ravel(),
                    }
                )
            )
        empty = pd.DataFrame({"session": [], "rank": [], "item": [], "score": []})
        found: pd.DataFrame = pd.concat(frames, ignore_index=True) if frames else empty
        return found

    def _prefixes(self, sessions: Sequence[Sequence[Any]]) -> Prefixes:
        for session in sessions:
            # A text would be read letter by letter.
            if isinstance(session, (str, bytes)) or not isinstance(session, Iterable):
                raise DataError(
                    f"The session {session!r} is no list of clicks.",
                    remedy='Give a list of sessions, each a list: [["p1", "p7"]].',
                )
        numbers = pd.Index(self.items)
        wanted = pd.Index([item for session in sessions for item in session])
        if len(wanted) and (wanted.inferred_type != numbers.inferred_type):
            raise DataError(
                f"The ids of the sessions are {wanted.inferred_type}s, those of the log are "
                f"{numbers.inferred_type}s, such as {self.items[0]!r}.",
                remedy="Give them as the log has them.",
            )
        found = numbers.get_indexer(wanted) + 1
        known = found > 0
        ends = np.cumsum([len(session) for session in sessions]).astype(np.int64)
        known_before = np.concatenate([[0], np.cumsum(known)])
        stop = known_before[ends]
        start = np.concatenate([[0], stop[:-1]])
        if self._longest is not None:
            start = np.maximum(start, stop - self._longest)
        nothing = np.zeros(len(sessions), dtype=np.int64)
        return Prefixes(
            items=found[known],
            start=start,
            stop=stop,
            target=nothing,
            session=np.arange(len(sessions)),
            length=np.diff(ends, prepend=0),
        )
