"""Sessions as one flat array, and prefixes as indices into it.

Nothing here is padded, and no prefix is copied: a dataset of n clicks takes O(n) memory
whatever the length of its sessions. Padding happens when a batch is made.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Sessions:
    """A list of sessions, oldest first.

    Attributes:
        items: item of every click, shape (clicks,); items are numbered from 1.
        offsets: session s holds ``items[offsets[s]:offsets[s + 1]]``, shape (sessions + 1,).
        times: time of each session's last click in seconds, shape (sessions,); where a source
            has no times, the ordinal of the session. Never decreasing.
    """

    items: Integers
    offsets: Integers
    times: Integers

    def __post_init__(self) -> None:
        if len(self.offsets) == 0 or self.offsets[0] != 0 or self.offsets[-1] != len(self.items):
            raise ValueError("offsets must run from 0 to the number of clicks")
        if len(self.times) != len(self):
            raise ValueError("one time per session")
        if np.any(np.diff(self.offsets) < 1):
            raise ValueError("an empty session")
        if np.any(np.diff(self.times) < 0):
            raise ValueError("sessions must be ordered by time")

    @classmethod
    def from_lists(cls, sessions: list[list[int]], *, times: list[int] | None = None) -> Sessions:
        """Sessions from lists of items, oldest first; times default to the ordinal."""
        lengths = [len(session) for session in sessions]
        return cls(
            items=np.fromiter((item for s in sessions for item in s), np.int64, sum(lengths)),
            offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            times=np.asarray(range(len(sessions)) if times is None else times, dtype=np.int64),
        )

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Integers:
        """Clicks of each session, shape (sessions,)."""
        return np.diff(self.offsets)

    @property
    def session_of_click(self) -> Integers:
        """The session that each click belongs to, from 0, shape (clicks,)."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def between(self, first: int, last: int) -> Sessions:
        """The sessions ``first`` to ``last``, the latter excluded; item arrays are views."""
        start, stop = self.offsets[first], self.offsets[last]
        return Sessions(
            items=self.items[start:stop],
            offsets=self.offsets[first : last + 1] - start,
            times=self.times[first:last],
        )

    def select(self, keep: npt.NDArray[np.bool_]) -> Sessions:
        """Only those sessions, shape of ``keep`` (sessions,)."""
        lengths = self.lengths
        return Sessions(
            items=self.items[np.repeat(keep, lengths)],
            offsets=np.concatenate([[0], np.cumsum(lengths[keep])]),
            times=self.times[keep],
        )


@dataclass(frozen=True)
class Prefixes:
    """Every proper prefix of every session, with the item that came next.

    Prefix i shows ``items[start[i]:stop[i]]`` and its target is ``target[i]``. Where the
    catalogue does not hold an item (the training part never shows it), the item is left out
    of the prefix; where it does not hold the target, the target is 0: a certain miss.

    Attributes:
        items: clicks, numbered 1 to n in the catalogue, shape (known clicks,).
        start, stop: bounds of each prefix in ``items``, shape (prefixes,). They are equal
            where a prefix holds nothing that the catalogue knows.
        target: item to be predicted, 0 where unknown, shape (prefixes,).
        session: the session that each prefix comes from, shape (prefixes,).
        length: clicks before the target in that session, unknown ones included, shape (prefixes,).
    """

    items: Integers
    start: Integers
    stop: Integers
    target: Integers
    session: Integers
    length: Integers

    def __len__(self) -> int:
        return len(self.target)

    def select(self, keep: npt.NDArray[np.bool_]) -> Prefixes:
        """Only those prefixes, shape of ``keep`` (prefixes,); the clicks stay."""
        return replace(
            self,
            start=self.start[keep],
            stop=self.stop[keep],
            target=self.target[keep],
            session=self.session[keep],
            length=self.length[keep],
        )

    def shown(self) -> tuple[Integers, Integers]:
        """The clicks that all prefixes show, one prefix after another, oldest first.

        Returns:
            The prefix that shows each, and its place in ``items``, each of shape (shown clicks,).
        """
        lengths = self.stop - self.start
        prefix = np.repeat(np.arange(len(self)), lengths)
        ends = np.cumsum(lengths)
        return prefix, np.arange(len(prefix)) + np.repeat(self.stop - ends, lengths)

    @property
    def target_ago(self) -> Integers:
        """How many clicks ago each target was last clicked in what is shown, shape (prefixes,).

        1: it is the last click; 0: it is not among them.
        """
        prefix, click = self.shown()
        ago = self.stop[prefix] - click
        again = self.items[click] == self.target[prefix]
        found = np.zeros(len(self), dtype=np.int64)
        found[prefix[again]] = ago[again]  # of several, the last one stays
        return found

    def different(self) -> tuple[npt.NDArray[np.bool_], Integers]:
        """Which prefixes show the same clicks in the same order.

        Returns:
            Marks of the first of each kind of prefix, shape (prefixes,), and the kind of each
            prefix, numbered from 0 in the order of the marks, shape (prefixes,).
        """
        numbers: dict[bytes, int] = {}
        bounds = zip(self.start.tolist(), self.stop.tolist(), strict=True)
        shown = (self.items[start:stop].tobytes() for start, stop in bounds)
        kinds = [numbers.setdefault(clicks, len(numbers)) for clicks in shown]
        kind = np.array(kinds, dtype=np.int64)
        first = np.zeros(len(kind), dtype=np.bool_)
        first[np.unique(kind, return_index=True)[1]] = True
        return first, kind


@dataclass(frozen=True)
class Stage:
    """What one training sees: its training part, and the part that it is judged on.

    The catalogue is made of the items of the training part alone, so nothing about the
    judged part reaches the model, not even which items exist.

    Attributes:
        name: ``validation`` or ``test``, the part that is judged.
        catalogue: the dataset's number of each item, shape (items,): entry i - 1 belongs to
            the item that this stage numbers i.
        train: training sessions in catalogue numbers, for models that are fitted.
        train_prefixes: the same as prefixes, for models that are trained.
        judged: prefixes to be ranked.
    """

    name: str
    catalogue: Integers
    train: Sessions
    train_prefixes: Prefixes
    judged: Prefixes

    @property
    def n_items(self) -> int:
        """Items that are ranked for every prefix."""
        return len(self.catalogue)


def prefixes_of(sessions: Sessions, *, numbering: Integers, longest: int | None = None) -> Prefixes:
    """All proper prefixes of all sessions, shortest first, sessions in order.

    Args:
        sessions: any sessions, in the dataset's numbering.
        numbering: catalogue number of each of the dataset's items, 0 where the catalogue does
            not hold it, shape (dataset items + 1,); entry 0 is unused.
        longest: keep only this many of a prefix's last known clicks; None keeps all.
    """
    numbered = numbering[sessions.items]
    known = numbered > 0
    known_before = np.concatenate([[0], np.cumsum(known)])
    clicks = np.arange(len(sessions.items))
    session = sessions.session_of_click
    first = sessions.offsets[:-1][session]
    targets = clicks[clicks > first]
    start, stop = known_before[first[targets]], known_before[targets]
    if longest is not None:
        start = np.maximum(start, stop - longest)
    return Prefixes(
        items=numbered[known],
        start=start,
        stop=stop,
        target=numbered[targets],
        session=session[targets],
        length=targets - first[targets],
    )


def stage_of(name: str, train: Sessions, judged: Sessions, *, longest: int | None = None) -> Stage:
    """Number the items of ``train`` from 1 and express both parts in that numbering."""
    top = max(int(train.items.max()), int(judged.items.max()))
    catalogue = np.unique(train.items)
    numbering = np.zeros(top + 1, dtype=np.int64)
    numbering[catalogue] = np.arange(1, len(catalogue) + 1)
    return Stage(
        name=name,
        catalogue=catalogue,
        train=Sessions(numbering[train.items], train.offsets, train.times),
        train_prefixes=prefixes_of(train, numbering=numbering, longest=longest),
        judged=prefixes_of(judged, numbering=numbering, longest=longest),
    )
