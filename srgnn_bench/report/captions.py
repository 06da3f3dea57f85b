"""The sentences under every table and figure: what was done, and what to beware of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import pandas as pd

from srgnn_bench.evaluation.metrics import Metric
from srgnn_bench.plain_text import counted
from srgnn_bench.recbole_bridge.recbole_models import has_own_loss
from srgnn_bench.report.divisions import VALIDATES, divisions, told
from srgnn_bench.report.results import Hole, SuiteResults
from srgnn_bench.store.record import DatasetFacts

OPTIMISTIC = (
    "OPTIMISTIC: the best epoch was chosen on the test set, as the papers do. These numbers serve "
    "only to compare with printed ones."
)

RANKING = "The full catalogue is ranked; ties count against the target."


def suffix(results: SuiteResults) -> str:
    """What every title ends in: a label where the numbers are optimistic."""
    return " (optimistic: best epoch chosen on the test set)" if results.optimistic else ""


def card(results: SuiteResults, *, datasets: Sequence[str] | None = None) -> list[str]:
    """The protocol card under a table: data, protocol, cautions, notes.

    Args:
        results: the suite.
        datasets: those that the table shows; all unless given.
    """
    shown = results.datasets if datasets is None else datasets
    return [
        data_line(results, datasets=shown),
        f"{protocol_line(results, datasets=shown)} {RANKING}",
        *notes(results, datasets=shown),
    ]


def data_line(results: SuiteResults, *, datasets: Sequence[str]) -> str:
    """What was trained on and ranked, counted."""
    parts = []
    for dataset in datasets:
        if results.present(dataset):
            facts = results.facts(dataset)
            parts.append(
                f"{facts.title}: {facts.train_prefixes:,} training prefixes of "
                f"{facts.train_sessions:,} sessions, {facts.test_prefixes:,} test prefixes of "
                f"{facts.test_sessions:,}, {facts.items:,} items, "
                f"{facts.unknown_targets:,} targets unseen in training (misses for all)"
                f"{_what_the_test_is(facts)}"
            )
    return f"Data: {'; '.join(parts)}." if parts else "Data: no runs."


LITTLE_ORDER = 0.1
"""Below this share lost by shuffling, what a model of sequences gains says little."""


def _what_the_test_is(facts: DatasetFacts) -> str:
    """Span, repeated sessions and the worth of order, as far as the record knows them."""
    parts = []
    if facts.test_span_seconds is not None:
        parts.append(f"the test spans {span_text(facts.test_span_seconds)}")
    if facts.repeated_test_sessions is not None:
        share = facts.repeated_test_sessions / facts.test_sessions
        parts.append(f"{share:.1%} of its sessions repeat a training session whole")
    if facts.shuffle_loss is not None:
        little = " (its order says little)" if facts.shuffle_loss < LITTLE_ORDER else ""
        parts.append(f"a Markov chain loses {facts.shuffle_loss:.0%} by shuffled sessions{little}")
    return "".join(f", {part}" for part in parts)


SESSIONS_ONLY = "‡"
"""Marks an interval and a p-value that do not hold what other seeds would change."""


def mark_interval(with_seeds: Any) -> str:
    """``SESSIONS_ONLY`` behind an interval that does not hold what seeds change, else nothing.

    Args:
        with_seeds: whether it does, as a frame has it: a bool of numpy's or NaN for no interval.
    """
    return "" if pd.isna(with_seeds) or with_seeds else SESSIONS_ONLY


def describe_intervals(with_seeds: pd.Series[Any], *, marked: bool = False) -> str:
    """What the 95% intervals shown together hold, as the end of a sentence.

    Args:
        with_seeds: whether each holds what other seeds would change; NaN where there is none.
        marked: whether those that do not carry ``SESSIONS_ONLY``.
    """
    told = with_seeds.dropna().astype(bool)
    both = "what other seeds and other test sessions would change"
    alone = "what other test sessions would change, not other seeds"
    if told.all():
        return both
    if not told.any():
        return f"{alone}, for a trained model has one seed"
    where = f"{SESSIONS_ONLY} (a trained model has one seed)" if marked else "with one seed"
    return f"{both}; {where} {alone}"


def explain_mark(with_seeds: pd.Series[Any]) -> str:
    """What ``SESSIONS_ONLY`` means, in brackets, where any of the intervals carries it."""
    some = not with_seeds.dropna().astype(bool).all()
    return f" ({SESSIONS_ONLY}: sessions alone)" if some else ""


def machine(results: SuiteResults) -> str:
    """Where the runs were made, as far as they are of one kind."""
    kinds = sorted(
        {
            f"{e.get('processor') or 'unknown processor'}, {e.get('cores', '?')} cores, "
            f"{counted(e['threads'], 'thread') if 'threads' in e else '? threads'}, "
            f"device {device_words(e)}"
            for e in (record.environment for record in results.all_records())
        }
    )
    times = " Times of different machines do not compare." if len(kinds) > 1 else ""
    return f"Machine: {' / '.join(kinds)}.{times}"


def device_words(environment: dict[str, Any]) -> str:
    """The device of a run, and which GPU it was."""
    kind = str(environment.get("device", "?"))
    gpu = environment.get("gpu")
    return f"{kind} ({gpu['name']}, driver {gpu['driver'] or 'unknown'})" if gpu else kind


def protocol_line(results: SuiteResults, *, datasets: Sequence[str] | None = None) -> str:
    """How the numbers came about, in two or three sentences.

    Args:
        results: the suite.
        datasets: those that are shown; all unless given.
    """
    shown = results.datasets if datasets is None else datasets
    if results.optimistic:
        selection = "Protocol published: the best epoch is chosen on the test set"
    else:
        selection = (
            f"Protocol temporal: {' or '.join(told(results, VALIDATES, datasets=shown))} choose "
            "configuration and epochs, the winner is trained again on all training sessions, and "
            "the test set is looked at once per seed"
        )
        if results.spec.protocol.tuning_fraction < 1:
            selection += f" (tuning uses {tuning_share(results, datasets=shown)})"
    noun = "seed" if results.seeds == [1] else "seeds"
    return f"{selection}; {budget(results)}; {seed_count(results)} {noun}."


def tuning_share(results: SuiteResults, *, datasets: Sequence[str], of: str = "") -> str:
    """Which sessions tuning uses.

    Args:
        results: the suite.
        datasets: those that are spoken of.
        of: what the share is of, where that is to be said.
    """
    found = divisions(results, datasets=datasets).values()
    given = ", and the validation sessions as published"
    return (
        f"the newest {results.spec.protocol.tuning_fraction:.0%}{of}"
        f"{given if 'published with validation' in found else ''}"
    )


def seed_count(results: SuiteResults) -> str:
    """How many seeds trained models have; a range where calls asked for different numbers."""
    fewest, most = results.seeds[0], results.seeds[-1]
    return str(most) if fewest == most else f"{fewest} to {most}"


def budget(results: SuiteResults) -> str:
    """What tuning was allowed, and for whom; the least and the most where calls differed."""
    if results.spec.tuning is None:
        return "no tuning"
    seen = [budget for budget in map(results.budget, results.all_records()) if budget]
    trials = sorted({budget.trials for budget in seen if budget.trials is not None})
    seconds = sorted({budget.seconds for budget in seen if budget.seconds is not None})
    kinds = []
    if trials:
        kinds.append(f"{_range(trials)} tuning {'trial' if trials == [1] else 'trials'}")
    if seconds:
        kinds.append(f"{_range(seconds)} s of tuning")
    allowed = " or ".join(kinds)
    finalists = (
        tuning.finalists for tuning in map(results.tuning, results.all_records()) if tuning
    )
    most = max(map(len, finalists), default=0)
    if most:
        allowed += f", the best {most} of them once more on all training sessions,"
    if not results.shares_tuning:
        return f"{allowed} per model and dataset"
    [title] = results.tuned.values()
    return (
        f"{allowed} of {title} per dataset, whose winner all entries run with their own values on "
        "top, untuned"
    )


def _range(values: Sequence[float]) -> str:
    """Ascending numbers as one, or as the least to the most."""
    return f"{values[0]:g}" if len(values) == 1 else f"{values[0]:g} to {values[-1]:g}"


def notes(results: SuiteResults, *, datasets: Sequence[str] | None = None) -> list[str]:
    """What is printed under every table and figure: cautions, the suite's note, the data sets'.

    Args:
        results: the suite.
        datasets: those whose notes are printed; all unless given.
    """
    holes = describe_holes(results)
    lines = [
        OPTIMISTIC if results.optimistic else None,
        holes,
        describe_small_catalogues(results),
        *describe_cautions(results),
        describe_subject(results),
        describe_losses(results),
        results.spec.note,
        *describe_datasets(results, datasets=results.datasets if datasets is None else datasets),
    ]
    return [line for line in lines if line]


def describe_holes(results: SuiteResults) -> str | None:
    """One sentence that names every missing run, or None where the grid is complete."""
    if not results.holes:
        return None

    def place(hole: Hole) -> tuple[str, str, str]:
        return hole.cell.dataset, hole.cell.entry, hole.reason

    parts = []
    for (dataset, entry, reason), group in groupby(results.holes, key=place):
        seeds = ", ".join(str(hole.cell.seed) for hole in group)
        where = f"{results.entry_titles[entry]} on {results.dataset_titles[dataset]}"
        parts.append(f"{where} (seed {seeds}: {reason})")
    total = len(results.manifest.cells)
    return f"INCOMPLETE: {len(results.holes)} of {total} runs are not there: {'; '.join(parts)}."


def describe_small_catalogues(results: SuiteResults) -> str | None:
    """One sentence where a list holds the whole catalogue, so that it cannot miss; else None."""
    parts = []
    for dataset in results.datasets_with_runs:
        items = results.facts(dataset).items
        longest = max(Metric.named(metric).k for metric in results.metrics)
        if items <= longest:
            title = results.dataset_titles[dataset]
            parts.append(f"{title} has {items:,} items, all in a list of {longest}")
    if not parts:
        return None
    return f"SMALL CATALOGUE: {'; '.join(parts)}: Recall at that length says nothing."


def describe_datasets(results: SuiteResults, *, datasets: Sequence[str]) -> list[str]:
    """What the files of data sets say of what these can show, each sentence once."""
    found: dict[str, dict[str, None]] = {}
    for dataset in datasets:
        if results.present(dataset) and (note := results.facts(dataset).note):
            title = results.facts(dataset).window_of or results.dataset_titles[dataset]
            found.setdefault(note, {})[title] = None
    return [f"{', '.join(titles)}: {note}" for note, titles in found.items()]


def describe_subject(results: SuiteResults) -> str | None:
    """One sentence where the reader chose what is compared; None where the suite did."""
    if results.subject == results.own_subject:
        return None
    chosen, own = (results.entry_titles[name] for name in (results.subject, results.own_subject))
    return f"Compared with {chosen} by request; the suite's own subject is {own}."


def describe_losses(results: SuiteResults) -> str | None:
    """One sentence that names the models with a loss of their own; None if there are none."""
    recboles, sampled = set(), set()
    for record in results.all_records():
        configuration = record.identity.configuration
        if has_own_loss(record.class_path, loss=configuration.get("loss_type", "CE")):
            recboles.add(record.title)
        if "n_sample" in configuration:
            sampled.add(record.title)
    kinds = {"RecBole's own": recboles, "one of sampled negatives": sampled}
    parts = [f"{kind} for {', '.join(sorted(titles))}" for kind, titles in kinds.items() if titles]
    return f"Loss: {'; '.join(parts)}; the full softmax is not shared." if parts else None


def describe_cautions(results: SuiteResults) -> list[str]:
    """Sentences about what makes numbers compare badly, or hard to make again.

    Splits within sessions, unequal budgets, mixed devices, uncommitted or mixed code; empty if all
    is well.
    """
    records = results.all_records()
    cautions = []
    found = divisions(results, datasets=results.datasets)
    if inside := [title for title, division in found.items() if division == "within sessions"]:
        cautions.append(
            f"LETS THE FUTURE IN: {', '.join(inside)}: models train on clicks newer than those "
            "they are judged on; do not compare with splits by time."
        )
    budgets: dict[tuple[str, float, int], set[str]] = {}
    unknown: set[str] = set()
    for record in records:
        tuning = results.tuning(record)
        if tuning is not None and tuning.space:  # nothing to search has one trial
            seconds = tuning.budget_seconds
            unit = ("trials", tuning.budget) if seconds is None else ("seconds", seconds)
            allowed = results.budget(record)
            finalists = 0 if allowed is None else allowed.most_finalists
            budgets.setdefault((*unit, finalists), set()).add(record.title)
        elif tuning is None and record.study is not None:
            unknown.add(record.title)
    if unknown:
        cautions.append(
            f"TUNING NOT STORED: {', '.join(sorted(unknown))}; the folder `studies` lacks what "
            "chose their configurations."
        )
    if len(budgets) > 1:
        differ = len({finalists for *_, finalists in budgets}) > 1
        parts = [
            f"{n:g} {unit}{f' and {finalists} finalists' if differ else ''}: "
            f"{', '.join(sorted(titles))}"
            for (unit, n, finalists), titles in sorted(budgets.items())
        ]
        cautions.append(f"UNEQUAL TUNING BUDGETS: {'; '.join(parts)}.")
    if _mixes_tuning(results):
        cautions.append(
            "MIXED TUNING: some variants run the configuration that they share, others one that "
            "was tuned for them."
        )
    devices = describe_devices(results)
    if devices is not None:
        cautions.append(devices)
    loose = {r.title for r in records if r.environment.get("deterministic") is False}
    if loose:
        cautions.append(
            f"NOT REPRODUCIBLE TO THE BIT: {', '.join(sorted(loose))} ran without torch's "
            "deterministic algorithms."
        )
    dirty = [record for record in records if record.environment.get("dirty")]
    if dirty:
        cautions.append(
            f"UNCOMMITTED CODE: {len(dirty)} of {len(records)} runs were made from a working tree "
            "with uncommitted changes."
        )
    revisions = {record.environment.get("revision") for record in records}
    if len(revisions) > 1:
        cautions.append(f"The runs were made by {len(revisions)} revisions of the code.")
    return cautions


def describe_devices(results: SuiteResults) -> str | None:
    """One sentence where runs, or trials that chose their configurations, mix kinds of device."""
    made: dict[str, Counter[tuple[str, str]]] = {}
    for record in results.all_records():
        kind = record.environment.get("device")
        if kind is not None:
            made.setdefault(kind, Counter())["run", record.title] += 1
    for dataset in results.datasets:
        for record in results.tuned_runs(dataset).values():
            tuning = results.tuning(record)
            for trial in tuning.trials if tuning else ():
                if trial.device is not None:
                    made.setdefault(trial.device, Counter())["trial", record.title] += 1
    if len(made) < 2:
        return None
    parts = [
        f"on {kind} "
        + ", ".join(f"{counted(number, what)} of {title}" for (what, title), number in done.items())
        for kind, done in sorted(made.items())
    ]
    return f"MIXED DEVICES, which round differently: {'; '.join(parts)}."


def _mixes_tuning(results: SuiteResults) -> bool:
    """Whether variants were run partly with and partly without tuning of their own."""
    for dataset in results.datasets:
        firsts = [results.records[dataset, entry][0] for entry in results.present(dataset)]
        studies = [record.study for record in firsts if record.study is not None]
        expected = min(1, len(studies)) if results.shares_tuning else len(studies)
        if results.is_ablation and len(set(studies)) != expected:
            return True
    return False


def span_text(seconds: int) -> str:
    """A span of time in the unit that suits it."""
    for name, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.3g} {name}"
    return f"{seconds} seconds"
