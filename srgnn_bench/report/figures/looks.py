"""Which entries a figure draws, in which order, and how each looks: the same in all of a suite."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

from srgnn_bench.report.frames import Frames
from srgnn_bench.report.results import SuiteResults
from srgnn_bench.specs.model import Family

# Okabe and Ito's colours without yellow, which fades on white, ordered so that neighbours also
# differ in grey. Markers and dashes carry the same distinction for those who see no colour.
COLOURS = ("#000000", "#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
DASHES: tuple[Any, ...] = (
    "-",
    (0, (4, 1.5)),
    (0, (1, 1.2)),
    (0, (5, 1.2, 1, 1.2)),
    (0, (8, 1.5)),
    (0, (2, 1, 1, 1, 1, 1)),
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
FAMILIES = (*get_args(Family), "other")
"""In the order in which figures show them."""

FAMILY_COLOURS = ("#0072B2", "#CC79A7", "#D55E00", "#009E73", "#777777", "#E69F00")
SUBJECT_COLOUR = "#000000"

MOST_LINES = 6
"""Of one figure: more can no longer be told apart."""


@dataclass(frozen=True)
class Look:
    """Colour, marker and dashes of what is drawn, and whether the markers on a line are hollow."""

    colour: str
    marker: str
    dashes: Any
    width: float = 1.0
    hollow: bool = False

    @property
    def face(self) -> str:
        """Colour within the markers on a line."""
        return "white" if self.hollow else self.colour


def in_order(names: Sequence[str]) -> dict[str, Look]:
    """A look for each of a few names, by its place."""
    return {
        name: Look(
            COLOURS[place % len(COLOURS)],
            MARKERS[place % len(MARKERS)],
            DASHES[place % len(DASHES)],
        )
        for place, name in enumerate(names)
    }


def family_look(family: str) -> Look:
    """The look of a family's marks."""
    place = FAMILIES.index(family)
    return Look(FAMILY_COLOURS[place], MARKERS[place], "-")


def has_families(results: SuiteResults, entries: Sequence[str]) -> bool:
    """Whether entries are of several families, so that hues tell these."""
    return len({results.families[entry] for entry in entries}) > 1


WITHIN = [
    (dashes, (place + turn) % 2 == 1)
    for turn in range(2)
    for place, dashes in enumerate(DASHES[1:])
]
"""Dashes of the lines of one hue, and whether their markers are hollow; neighbours differ in both.
"""


def looks(results: SuiteResults, entries: Sequence[str]) -> dict[str, Look]:
    """A look for each entry of a figure: its family's hue and marker; the subject in black.

    Where the whole suite is of one family the hues tell its entries apart. Dashes differ within a
    hue. All goes by places in the suite, so that an entry looks the same in every figure; only
    where a figure would have two lines alike does the later one take dashes that are free there.
    """
    families, subject = results.families, results.subject
    others = [entry for entry in results.entries if entry != subject]
    plain = in_order([subject, *others])
    several = has_families(results, results.entries)
    found = {subject: Look(SUBJECT_COLOUR, family_look(families[subject]).marker, "-", 1.6)}
    taken: set[tuple[str, int]] = set()
    for entry in others:
        if entry not in entries:
            continue
        if not several:
            found[entry] = plain[entry]
            continue
        family = families[entry]
        place = [e for e in others if families[e] == family].index(entry)
        turns = [(place + turn) % len(WITHIN) for turn in range(len(WITHIN))]
        free = next((turn for turn in turns if (family, turn) not in taken), turns[0])
        taken.add((family, free))
        dashes, hollow = WITHIN[free]
        of_family = family_look(family)
        found[entry] = Look(of_family.colour, of_family.marker, dashes, hollow=hollow)
    return {entry: found[entry] for entry in entries}


def standing(frames: Frames) -> list[str]:
    """Entries with runs, best first.

    By the suite's last metric as a share of the data set's best, averaged over data sets.
    """
    results = frames.results
    here = frames.metrics[frames.metrics["metric"] == results.metrics[-1]].dropna(subset="mean")
    best = here.groupby("dataset")["mean"].transform("max")
    shares = (here["mean"] / best.where(best > 0, 1.0)).groupby(here["entry"]).mean()
    return sorted(shares.index, key=lambda entry: (-shares[entry], results.entries.index(entry)))


def in_rows(frames: Frames) -> list[str]:
    """All entries in the order of a figure's rows: by family, best first; variants as listed."""
    results = frames.results
    if results.is_ablation:
        return results.entries
    best = standing(frames)
    order = [*best, *(entry for entry in results.entries if entry not in best)]
    families = results.families
    return sorted(order, key=lambda entry: FAMILIES.index(families[entry]))


def chosen_lines(frames: Frames, among: Sequence[str]) -> list[str]:
    """The entries that a figure of lines draws, at most ``MOST_LINES``, in the suite's order.

    The subject, the best of every family, and the best of the rest. One more than these has a line
    too: by itself it would be no range.
    """
    if len(among) <= MOST_LINES + 1:
        return list(among)
    results = frames.results
    families, best = results.families, [entry for entry in standing(frames) if entry in among]
    firsts = {families[entry]: entry for entry in reversed(best)}
    wanted = [e for e in best if e == results.subject]
    wanted += [e for e in best if e in firsts.values()]
    wanted = list(dict.fromkeys([*wanted, *best]))[:MOST_LINES]
    return [entry for entry in among if entry in wanted]


def choice_note(frames: Frames, among: Sequence[str], *, rest: str = "") -> list[str]:
    """The sentence that says which lines are drawn, where not all are.

    Args:
        frames: the suite.
        among: the entries that could be drawn.
        rest: what is drawn of the others, as the end of the sentence.
    """
    lines = chosen_lines(frames, among)
    left = len(among) - len(lines)
    if not left:
        return []
    results = frames.results
    subject = [results.entry_titles[e] for e in lines if e == results.subject]
    others = "others" if subject else "entries"
    best = f"the best {'of each family' if has_families(results, among) else others}"
    own = " and ".join([*subject, best])
    return [f"Lines: {own}, {MOST_LINES} at most{rest.format(left=left) or f'; {left} left out'}."]
