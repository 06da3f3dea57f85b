"""The sentences under every table and figure: what was done, and what to beware of."""

from __future__ import annotations

from srgnn_bench.report.frames import SuiteResults, describe_cautions, describe_holes

OPTIMISTIC = (
    "OPTIMISTIC: the best epoch was chosen on the test set, as the papers do. These numbers serve "
    "only to compare with printed ones."
)

RANKING = "Full catalogue ranked; ties count against the target."


def protocol_line(results: SuiteResults) -> str:
    """How the numbers came about, in two or three sentences."""
    protocol = results.spec.protocol
    if results.optimistic:
        selection = "Protocol published: the best epoch is chosen on the test set"
    else:
        selection = (
            f"Protocol temporal: the newest {protocol.validation_fraction:.0%} of the training "
            "sessions choose configuration and epochs, the winner is trained again on all "
            "training sessions, and the test set is looked at once per seed"
        )
    tuning = results.spec.tuning
    budget = (
        f"{_count(tuning.trials, 'tuning trial')} per model and dataset" if tuning else "no tuning"
    )
    return f"{selection}; {budget}; {_count(results.spec.seeds, 'seed')}. {RANKING}"


def notes(results: SuiteResults) -> list[str]:
    """What is printed under every table and figure: cautions first, then the suite's own note."""
    holes = describe_holes(results)
    lines = [
        OPTIMISTIC if results.optimistic else None,
        holes,
        *describe_cautions(results),
        results.spec.note,
    ]
    return [line for line in lines if line]


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")
