"""A study as it is stored: a file of lines, which says what was searched and what came of it.

The first line of ``trials.ndjson`` is what the study is; every further one is a trial that has
ended. Each has a checksum, and the first says how many follow, so that no trial is lost unseen. The
file is written anew, atomically, after every trial, so that anybody can read it at any time.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from srgnn_bench.files import canonical_json
from srgnn_bench.specs.fields import Name, Title
from srgnn_bench.specs.suite import TuningSpec
from srgnn_bench.store.dimensions import edge_of
from srgnn_bench.store.folder import (
    Folder,
    damaged,
    parse_sealed,
    read_bytes,
    sealed_line,
    write_stored,
)
from srgnn_bench.store.keys import key_of
from srgnn_bench.store.record import Schedule, Stored

T = TypeVar("T", bound=Stored)

TRIALS = "trials.ndjson"

REMEDY = (
    "Restore it from a copy, or delete it: the next run makes its trials again, with the same "
    "numbers."
)


class StudyFacts(Stored):
    """What a study is: the first line of its file."""

    schema_version: Literal[2] = 2
    key: str
    dataset: Name
    model: Name
    title: Title
    identity: dict[str, Any]
    """All that can move its values, the space apart."""
    space: dict[str, dict[str, Any]]
    """The searched dimensions, as their YAML says them."""
    lines: int = 0
    """Lines that follow."""


class EpochValue(Stored):
    """What validation said after an epoch."""

    epoch: int
    """Its place in the course; it stands again where the training went back."""
    value: float
    """MRR@20, between 0 and 1."""
    cuts: int = 0
    """How often the learning rate had been cut for it."""


class Trial(Stored):
    """A trial that has ended by itself; it counts towards the budget however it ended."""

    number: int
    """Place among the trials that count, from 0; 0 is the default configuration."""
    finalist: bool = False
    """Whether it was trained on all training sessions but the newest, as one of the best trials;
    its number is that trial's."""
    state: Literal["complete", "pruned", "collapsed", "failed"]
    """``collapsed``: hardly better than popularity, which says the same of every session."""
    value: float | None
    """Best MRR@20 on validation; None where the trial did not complete."""
    parameters: dict[str, Any]
    """Values of the searched parameters."""
    epochs: tuple[EpochValue, ...]
    schedule: Schedule | None = None
    """The course up to the best epoch; None for a fitted model, or where the trial failed."""
    seconds: float
    error: str | None = None
    device: str | None = None
    """Kind of device that it ran on; None where that is not known."""

    @property
    def course(self) -> dict[int, float]:
        """Values by their place; where the rate was cut, up to the best, of what was kept."""
        kept = self.epochs
        if self.schedule is not None and any(epoch.cuts for epoch in kept):
            end = self.schedule.epochs
            first = min(self.schedule.cuts, default=end)
            kept = tuple(e for e in kept if e.epoch <= end and (e.epoch > first) == (e.cuts > 0))
        values = {each.epoch: each.value for each in kept}
        return {place: values[place] for place in sorted(values)}


@dataclass(frozen=True)
class Tuning:
    """What a budget paid for, and what came of it, for the report.

    Attributes:
        study: key of the study.
        budget: trials that were paid for.
        budget_seconds: seconds allowed; None where the budget is a number of trials.
        finished, pruned, collapsed, failed: of these trials.
        best: the finalist that won, or the trial where there are no finalists; None where none
            completed.
        space: the searched dimensions, as their YAML says them.
        trials: the trials, in their order.
    """

    study: str
    budget: int
    budget_seconds: float | None
    finished: int
    pruned: int
    collapsed: int
    failed: int
    best: Trial | None
    space: dict[str, dict[str, Any]]
    trials: tuple[Trial, ...]
    finalists: tuple[Trial, ...]

    @property
    def edges(self) -> dict[str, Literal["low", "high"]]:
        """The searched parameters of which the best lies at an end of its dimension, and which."""
        chosen = {} if self.best is None else self.best.parameters
        found = {name: edge_of(chosen.get(name), space) for name, space in self.space.items()}
        return {name: end for name, end in found.items() if end is not None}

    @property
    def seconds(self) -> float:
        """Time that the trials and finalists took together."""
        return sum(trial.seconds for trial in (*self.trials, *self.finalists))


class StoredStudy(Folder):
    """A study's folder.

    Args:
        path: the folder.
        key: the study's key.
    """

    def __init__(self, path: Path, *, key: str) -> None:
        super().__init__(path, marks=(TRIALS,))
        self.key = key

    def facts(self) -> StudyFacts | None:
        """What the study is; None where nothing is stored of it. Errors as of ``trials``."""
        read = self._read()
        return None if read is None else read[0]

    def trials(self) -> list[Trial]:
        """The trials that have ended, in their order; none where there is no study.

        Raises:
            StoreError: the file is damaged, or another study's.
        """
        read = self._read()
        return [] if read is None else read[1]

    def write_trials(self, facts: StudyFacts, trials: Sequence[Trial]) -> None:
        """Store the trials, all at once.

        Raises:
            StoreError: the folder cannot be written; what was there stays.
        """
        write_lines(self.path / TRIALS, facts, trials)

    def tuning(self, budget: TuningSpec) -> Tuning | None:
        """What a budget pays for, of what is there; None where nothing is stored of the study.

        Raises:
            StoreError: the file is damaged.
        """
        read = self._read()
        if read is None:
            return None
        facts, lines = read
        standing = standing_of(facts, lines, budget)
        trials = standing.trials
        states = [trial.state for trial in trials]
        return Tuning(
            study=facts.key,
            budget=len(trials),
            budget_seconds=budget.seconds,
            finished=states.count("complete"),
            pruned=states.count("pruned"),
            collapsed=states.count("collapsed"),
            failed=states.count("failed"),
            best=standing.best,
            space=facts.space,
            trials=tuple(trials),
            finalists=tuple(standing.finalists),
        )

    def _read(self) -> tuple[StudyFacts, list[Trial]] | None:
        path = self.path / TRIALS
        read = read_lines(path, Trial)
        if read is not None and read[0].key != self.key:
            raise damaged(path, "it is another study's", remedy=REMEDY)
        return read


def write_lines(path: Path, facts: StudyFacts, lines: Sequence[Stored]) -> None:
    """Write a file of lines about a study, all at once.

    Raises:
        StoreError: it cannot be written; what was there stays.
    """
    first = facts.model_copy(update={"lines": len(lines)})
    write_stored(path, "".join(map(sealed_line, (first, *lines))).encode())


def read_lines(path: Path, kind: type[T]) -> tuple[StudyFacts, list[T]] | None:
    """A file of lines about a study; None where there is none.

    Args:
        path: the file.
        kind: what its lines are, after the first.

    Raises:
        StoreError: a line is damaged or missing, or the study's key is not that of its identity.
    """
    if not path.is_file():
        return None
    first, *rest = read_bytes(path).split(b"\n")[:-1] or [b""]
    facts = parse_sealed(first, StudyFacts, path=path, remedy=REMEDY, line="line 1: ")
    if key_of({**facts.identity, "space": facts.space}) != facts.key:
        raise damaged(path, "line 1: its key is not that of its identity", remedy=REMEDY)
    if len(rest) != facts.lines:
        raise damaged(path, f"{len(rest)} lines after the first, not {facts.lines}", remedy=REMEDY)
    return facts, [
        parse_sealed(line, kind, path=path, remedy=REMEDY, line=f"line {number}: ")
        for number, line in enumerate(rest, start=2)
    ]


@dataclass(frozen=True)
class Standing:
    """How far a study is with a budget.

    Attributes:
        trials: those that the budget pays for, of what has ended.
        over: whether no further trial is paid for.
        chosen: the trials that become finalists, best first; none before trials are over, or
            where the best trial chooses.
        finalists: those that have ended, in that order.
    """

    trials: list[Trial]
    over: bool
    chosen: list[Trial]
    finalists: list[Trial]

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to train."""
        return self.over and len(self.finalists) == len(self.chosen)

    @property
    def best(self) -> Trial | None:
        """What chooses, as far as is known; None where nothing completed."""
        return best_trial(self.finalists if self.finalists else self.trials)


def standing_of(facts: StudyFacts, lines: Sequence[Trial], budget: TuningSpec) -> Standing:
    """How far a study is.

    Args:
        facts: what it is.
        lines: its trials and finalists, in the order in which they ended.
        budget: trials or seconds, and finalists.
    """
    trials = [line for line in lines if not line.finalist]
    most = budget.most_finalists if facts.identity["protocol"]["tuning_fraction"] < 1 else 0
    share = 0.5 if most else 1.0
    paid = paid_for(trials, budget, searches=bool(facts.space), share=share)
    if paid is None:
        return Standing(trials, over=False, chosen=[], finalists=[])
    ended = {line.number: line for line in lines if line.finalist}
    chosen, finalists = different(paid)[:most], list[Trial]()
    if len(chosen) == 1 and chosen[0].schedule is None:
        chosen = []  # one configuration of a model that is fitted: nothing is left to choose
    spent = sum(trial.seconds for trial in paid)
    for place, trial in enumerate(chosen):
        if place and budget.seconds is not None and spent >= budget.seconds:
            chosen = chosen[:place]
            break
        if trial.number not in ended:
            break
        finalists.append(ended[trial.number])
        spent += finalists[-1].seconds
    return Standing(paid, over=True, chosen=chosen, finalists=finalists)


def different(trials: Sequence[Trial]) -> list[Trial]:
    """The completed trials of different configurations, best first, the earliest of equal ones.

    Where none completed, those that collapsed stand in: a smoke test ends with something.
    """
    complete = [trial for trial in trials if trial.state == "complete"]
    collapsed = [trial for trial in trials if trial.state == "collapsed"]
    ranked = sorted(complete or collapsed, key=lambda trial: -(trial.value or 0.0))
    first: dict[str, Trial] = {}
    for trial in ranked:
        first.setdefault(canonical_json(trial.parameters), trial)
    return list(first.values())


def paid_for(
    trials: list[Trial], budget: TuningSpec, *, searches: bool, share: float = 1.0
) -> list[Trial] | None:
    """The trials, of all that ended, which a budget pays for; None while some of it is left.

    What was pruned and what failed is paid for. A model that has nothing to search has one trial:
    its second would be the first again.

    Args:
        trials: all that ended, in their order.
        budget: trials or seconds.
        searches: whether there is anything to search.
        share: what trials get of a budget in seconds.
    """
    if trials and not searches:
        return trials[:1]
    if budget.trials is not None:
        return trials[: budget.trials] if len(trials) >= budget.trials else None
    assert budget.seconds is not None
    spent = itertools.accumulate(trial.seconds for trial in trials)
    ends = (n for n, seconds in enumerate(spent, start=1) if seconds >= share * budget.seconds)
    end = next(ends, None)
    return None if end is None else trials[:end]


def best_trial(trials: Sequence[Trial]) -> Trial | None:
    """The completed trial with the best value, the earliest of several; None if there is none."""
    candidates = different(trials)
    return candidates[0] if candidates else None
