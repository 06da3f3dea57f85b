"""How often the intervals of differences hold the truth, and how often equal models look different.

Sessions are drawn from those of two models that are stored, with their lengths and their hits and
misses, so that the truth is known: the difference is centred to 0. ``exchangeable`` also turns the
sign of each session's difference at random; ``mean 0`` keeps it, with all its skew. What seed and
session change together is drawn from the stored runs' deviations; what a seed changes by itself is
drawn from a normal distribution.

    python benchmarks/intervals.py --out intervals.csv --page docs/intervals.md

goes on from what the file holds, and writes the page's table from it at the end.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from srgnn_bench.evaluation.metrics import Metric
from srgnn_bench.evaluation.statistics import (
    Floats,
    SessionTotals,
    by_session,
    estimate,
    session_variance,
)
from srgnn_bench.report.results import load_suite
from srgnn_bench.store.store import ResultStore

REFERENCE = Path(__file__).parent.parent / "results" / "reference"
DATASET, MODELS, METRICS = "yoochoose1_64", ("srgnn", "narm"), ("mrr@20", "recall@20")

SESSIONS = (20, 100, 500, 2000, 15000)
SEEDS = (1, 2, 3, 5, 10)
LAWS = ("exchangeable", "mean 0")

SPREADS = {"none": 0.0, "equal": 1.0, "twice": 2.0}
"""Standard deviation over seeds, in units of the sessions' standard error of the difference. The
stored models have 0.6 to 2.4."""

PAIRS = ("two trained", "one trained")
"""Whether both models have seeds, or only the first."""

BEGIN, END = "<!-- intervals -->", "<!-- /intervals -->"
"""What stands around the table of a page."""

LARGE = 2000
"""Sessions from which one metric is enough: the shape of the scores no longer matters."""

MOST_DRAWN = 90_000_000
"""Sessions times trials of one cell."""

CHUNK = 3_000_000
"""Sessions times runs drawn at once."""


@dataclass(frozen=True)
class Source:
    """Sessions of two stored models.

    Attributes:
        counts: prefixes of each session, shape (sessions,).
        difference: sum of its differences between the models' means, centred, shape (sessions,).
        own: what seed and session change together, per model, shape (2, runs, sessions).
    """

    counts: Floats
    difference: Floats
    own: Floats

    @classmethod
    def read(cls, metric: str) -> Source:
        """From the reference results."""
        results = load_suite(ResultStore(REFERENCE), suite="standard")
        sessions = results.prefixes(DATASET)["session"].to_numpy()
        models = [
            by_session(
                np.stack(
                    [
                        Metric.named(metric).scores(run)
                        for run in results.ranks(DATASET, entry=entry)
                    ]
                ),
                sessions=sessions,
            )
            for entry in MODELS
        ]
        counts = models[0].counts

        def centred(sums: Floats) -> Floats:
            return sums - sums.sum(axis=-1, keepdims=True) / counts.sum() * counts

        difference = models[0].sums.mean(axis=0) - models[1].sums.mean(axis=0)
        own = np.stack(
            [(m.sums - m.sums.mean(axis=0)) * np.sqrt(m.runs / (m.runs - 1)) for m in models]
        )
        return cls(counts, centred(difference), centred(own))

    def draw(
        self, generator: np.random.Generator, *, trials: int, sessions: int, law: str
    ) -> tuple[Floats, Floats]:
        """Totals of both models, shape (trials, 2, seeds, sessions), and the sessions' lengths."""
        drawn = generator.integers(len(self.counts), size=(trials, sessions))
        counts = self.counts[drawn]
        difference = self.difference[drawn]
        if law == "exchangeable":
            difference = difference * generator.choice([-1.0, 1.0], size=difference.shape)
        shape = (trials, 2, max(SEEDS), sessions)
        run = generator.integers(self.own.shape[1], size=shape, dtype=np.int8)
        sign = 2.0 * generator.integers(2, size=shape, dtype=np.int8) - 1
        sums = np.stack(
            [self.own[model][run[:, model], drawn[:, None]] for model in range(2)], axis=1
        )
        sums *= sign
        sums[:, 0] += difference[:, None]
        return sums, counts


def trials_of(
    source: Source, *, sessions: int, law: str, trials: int, seed: int
) -> Iterator[dict[str, object]]:
    """Rows of what was seen: one per pair, spread, number of seeds and chunk of trials."""
    generator = np.random.default_rng(seed)
    per_session = len(source.counts) * session_variance(source.difference, source.counts)
    error = float(np.sqrt(per_session / sessions))
    chunk = max(1, CHUNK // (sessions * 2 * max(SEEDS)))
    for start in range(0, trials, chunk):
        size = min(chunk, trials - start)
        sums, counts = source.draw(generator, trials=size, sessions=sessions, law=law)
        luck = error * generator.normal(size=(size, 2, max(SEEDS), 1))
        for name, spread in SPREADS.items():
            runs = sums + spread * luck * counts[:, None, None]
            for seeds in SEEDS:
                first = SessionTotals(runs[:, 0, :seeds], counts)
                others = (
                    SessionTotals(runs[:, 1, :seeds], counts),
                    SessionTotals(np.zeros((size, 1, sessions)), counts, chance=False),
                )
                for pair, other in zip(PAIRS, others, strict=True):
                    found = estimate(first, other)
                    yield {
                        "law": law,
                        "pair": pair,
                        "spread": name,
                        "sessions": sessions,
                        "seeds": seeds,
                        "trials": size,
                        "alarms": int((found.p_value < 0.05).sum()),
                        "untold": int(np.isnan(found.p_value).sum()),
                    }


def main() -> None:
    """Simulate what the file does not hold yet, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--trials", type=int, default=6_000)
    parser.add_argument("--sessions", type=int, nargs="+", default=SESSIONS)
    parser.add_argument("--page", type=Path, help="page whose table is written anew")
    options = parser.parse_args()
    done = pd.read_csv(options.out) if options.out.exists() else pd.DataFrame()
    sources = {metric: Source.read(metric) for metric in METRICS}
    for sessions in options.sessions:
        trials = min(options.trials, MOST_DRAWN // sessions)
        for metric in METRICS[:1] if sessions >= LARGE else METRICS:
            for law in LAWS:
                place = {"metric": metric, "sessions": sessions, "law": law}
                if len(done) and (done[list(place)] == pd.Series(place)).all(axis=1).any():
                    continue
                seen = pd.DataFrame(
                    trials_of(sources[metric], sessions=sessions, law=law, trials=trials, seed=7)
                )
                keys = ["law", "pair", "spread", "sessions", "seeds"]
                seen = seen.groupby(keys, sort=False).sum().reset_index()
                seen.insert(0, "metric", metric)
                done = pd.concat([done, seen], ignore_index=True)
                done.to_csv(options.out, index=False)
    table = markdown(done)
    print(table)
    if options.page is not None:
        text = options.page.read_text(encoding="utf-8")
        before, _, rest = text.partition(BEGIN)
        _, _, after = rest.partition(END)
        page = f"{before}{BEGIN}\n{table}\n{END}{after}"
        options.page.write_text(page, encoding="utf-8")


def markdown(done: pd.DataFrame) -> str:
    """False alarms in percent under both laws, by what was drawn and the number of seeds."""
    rows = ["pair", "spread", "sessions", "law"]
    counted = done.groupby([*rows, "seeds"], sort=False)[["alarms", "trials"]].sum()
    rates = (100 * counted["alarms"] / counted["trials"]).unstack("seeds")
    trials = counted["trials"].groupby(rows[:3], sort=False).first()
    lines = [
        "| models | spread over seeds | sessions | trials | "
        + " | ".join(f"{seeds} seed{'s' * (seeds > 1)}" for seeds in rates.columns)
        + " |",
        "| --- | --- | ---: | ---: |" + " ---: |" * len(rates.columns),
    ]
    for pair in PAIRS:
        for spread in SPREADS:
            for sessions in sorted(rates.index.unique("sessions")):
                place = (pair, spread, sessions)
                both = rates.loc[place].loc[list(LAWS)]
                cells = ["/".join(f"{rate:.1f}" for rate in both[seeds]) for seeds in both]
                told = f"{pair} | {spread} | {sessions:,} | {trials[place]:,}"
                lines.append(f"| {told} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
