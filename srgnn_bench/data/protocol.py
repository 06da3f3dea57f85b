"""What training sees, and what it is judged on.

``validation_stage`` uses the training side alone. It is all that tuning is ever handed.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from srgnn_bench.data.prepare import PreparedDataset
from srgnn_bench.data.sessions import Sessions, Stage, stage_of
from srgnn_bench.errors import DataError
from srgnn_bench.specs.preparation import Split
from srgnn_bench.specs.protocol import ProtocolSpec


def validation_stage(data: PreparedDataset, protocol: ProtocolSpec) -> Stage:
    """The newest training sessions, whole, judge a model trained on the older ones.

    Sessions stand oldest first and are cut at a count, so that no validation session is older
    than a training session; of sessions of equal time, those with the smaller ids train.

    Where the publisher has said which sessions validate, they do, and ``validation_fraction`` does
    not apply; models are trained on the newest ``tuning_fraction`` of the others.

    Where the dataset's split looks into sessions, so does validation: it judges the end of each
    training session, as the test does, and ``validation_fraction`` does not apply.

    Raises:
        DataError: a part would hold no prefix.
    """
    if data.validates is not None:
        train = _newest(data.train.select(~data.validates), protocol.tuning_fraction)
        judged = data.train.select(data.validates)
        return _stage("validation", train, judged, data, protocol)
    used = _newest(data.train, protocol.tuning_fraction)
    if data.split is not None and data.division == "within sessions":
        return _stage("validation", _without_ends(data.split, used), used, data, protocol)
    cut = len(used) - _share(len(used), protocol.validation_fraction)
    train, judged = used.between(0, cut), used.between(cut, len(used))
    return _stage("validation", train, judged, data, protocol)


def test_stage(data: PreparedDataset, protocol: ProtocolSpec) -> Stage:
    """All training sessions, and the test sessions.

    Raises:
        DataError: a part would hold no prefix.
    """
    return _stage("test", data.train, data.test, data, protocol)


test_stage.__test__ = False  # type: ignore[attr-defined]  # pytest would take it for a test


def _share(sessions: int, fraction: float) -> int:
    """So many sessions, rounded to the nearest, at least one."""
    return max(1, round(sessions * fraction))


def _newest(sessions: Sessions, fraction: float) -> Sessions:
    """That share of the sessions; none of none."""
    return sessions.between(max(0, len(sessions) - _share(len(sessions), fraction)), len(sessions))


def _without_ends(split: Split, sessions: Sessions) -> Sessions:
    judged = split.judged(sessions.lengths)
    lengths = sessions.lengths - judged
    shown = np.arange(len(sessions.items)) < np.repeat(
        sessions.offsets[1:] - judged, sessions.lengths
    )
    return Sessions(
        items=sessions.items[shown],
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        times=sessions.times,
    )


def _stage(
    name: str, train: Sessions, judged: Sessions, data: PreparedDataset, protocol: ProtocolSpec
) -> Stage:
    for what, part in (("training", train), (name, judged)):
        if len(part.items) == len(part):
            raise _no_prefix(what, len(part), name=name, data=data)
    stage = stage_of(name, train, judged, longest=protocol.max_prefix_length)
    is_judged = stage.judged.length >= data.shortest_judged
    if data.split is not None and data.division == "within sessions":
        lengths = judged.lengths - data.split.judged(judged.lengths)
        is_judged = stage.judged.length >= lengths[stage.judged.session]
    if not is_judged.any():
        raise _no_prefix(name, len(judged), name=name, data=data)
    return stage if is_judged.all() else replace(stage, judged=stage.judged.select(is_judged))


def _no_prefix(what: str, sessions: int, *, name: str, data: PreparedDataset) -> DataError:
    return DataError(
        f"Dataset '{data.name}' has too few clicks: the {what} part of the {name} stage holds "
        f"{sessions} session(s) and no prefix to use.",
        remedy="Use more data, other fractions in the protocol, or another split.",
    )
