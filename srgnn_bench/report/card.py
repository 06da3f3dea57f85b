"""The protocol card: everything that a reader needs to judge the numbers."""

from __future__ import annotations

from typing import Any

from srgnn_bench.report.captions import (
    RANKING,
    budget,
    card,
    data_line,
    machine,
    notes,
    protocol_line,
    seed_count,
    tuning_share,
)
from srgnn_bench.report.divisions import HELD_OUT, NOTHING_HELD_OUT, told
from srgnn_bench.report.escaping import escape_latex, escape_markdown
from srgnn_bench.report.results import SuiteResults


def protocol_card(results: SuiteResults) -> dict[str, str]:
    """Heading -> text, in the order to print them."""
    spec, protocol = results.spec, results.spec.protocol
    records = results.all_records()
    held_out = NOTHING_HELD_OUT if results.optimistic else HELD_OUT
    split = ". ".join(told(results, held_out, datasets=results.datasets)) + "."
    selection = (
        "The best epoch on the test set. This is optimistic."
        if results.optimistic
        else "Configuration and number of epochs by validation MRR@20; the winner is trained again "
        "on all training sessions, and the test set is looked at once per seed."
    )
    tuning = (
        f"{budget(results)}; the default configuration first, then sampled by TPE; "
        f"on {tuning_share(results, datasets=results.datasets, of=' of the training sessions')}."
        if spec.tuning
        else "None: the papers' settings."
    )
    prefix = (
        f"The last {protocol.max_prefix_length} clicks of a prefix are seen."
        if protocol.max_prefix_length
        else "Prefixes are seen in full."
    )
    unknown = {
        r.dataset.title: f"{r.dataset.unknown_targets:,} of {r.dataset.test_prefixes:,}"
        for r in records
    }
    found = {
        "Protocol": protocol_line(results).removeprefix("Protocol "),
        "Data": data_line(results, datasets=results.datasets).removeprefix("Data: "),
        "Split": f"{split} {prefix}",
        "Selection": selection,
        "Tuning": tuning,
        "Training": _settings(spec.training) or "As the models' files state.",
        "Seeds": (
            f"{seed_count(results)} per model and data set, derived from root seed {spec.seed} "
            "and the run's content."
        ),
        "Ranking": f"{RANKING} NaN is an error.",
        "Unseen targets": (
            "Test prefixes whose target training never shows count as misses for every model: "
            + "; ".join(f"{title} {count}" for title, count in unknown.items())
            + "."
        ),
        "Statistics": (
            "Paired over the same test prefixes, clustered by session. Intervals (95%) and "
            "p-values add the variance from the test sessions (jackknife) and that from the seeds "
            "of each trained model, with Student's t and the degrees of freedom of Satterthwaite; "
            "of a model with one seed, the sessions alone, which is said where it is so. The "
            "configurations that tuning chose are taken as given. Holm's correction over all "
            "comparisons that are shown together."
        ),
        "Environment": f"{machine(results)} {_versions(results)}",
    }
    cautions = notes(results)
    return {**found, "Cautions": " ".join(cautions)} if cautions else found


def card_markdown(results: SuiteResults) -> str:
    """The card as a Markdown list."""
    items = protocol_card(results).items()
    lines = [f"- **{heading}.** {escape_markdown(text)}" for heading, text in items]
    return f"# Protocol of {escape_markdown(results.title)}\n\n" + "\n".join(lines) + "\n"


def card_latex(results: SuiteResults) -> str:
    r"""The short card as a paragraph for ``\\input``, once for all tables of a paper."""
    text = " ".join(escape_latex(line) for line in card(results))
    return f"% Written by srgnn-bench from stored records.\n\\paragraph{{Protocol.}} {text}\n"


def _settings(settings: dict[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in settings.items())


def _versions(results: SuiteResults) -> str:
    """Versions that the runs were made with; several where they differ."""
    seen: dict[str, set[str]] = {}
    for record in results.all_records():
        environment = record.environment
        packages = {"Python": environment.get("python"), **environment.get("packages", {})}
        packages["code"] = str(environment.get("revision") or "unknown")[:12]
        for name, version in packages.items():
            seen.setdefault(name, set()).add(str(version))
    return ", ".join(f"{name} {'/'.join(sorted(found))}" for name, found in seen.items()) + "."
