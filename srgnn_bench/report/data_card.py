"""A data card as text, as JSON and as a figure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from srgnn_bench.data.card import DataCard, Side
from srgnn_bench.errors import DataError
from srgnn_bench.report.captions import span_text
from srgnn_bench.report.escaping import escape_markdown


@dataclass(frozen=True)
class Section:
    """A part of a card: a table with a heading.

    Attributes:
        heading: what the part is about.
        columns: headings of the columns.
        rows: as many cells as there are columns.
    """

    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Which columns hold numbers: those with a heading, but for the first."""
        return tuple(place > 0 and bool(name) for place, name in enumerate(self.columns))


def sections(card: DataCard) -> tuple[Section, ...]:
    """The card's tables, in the order to be shown."""
    parts = [
        Section("Origin", ("", ""), _origin(card)),
        Section(
            "Steps",
            ("after", "sessions", "clicks", "items"),
            tuple(
                (step.step, f"{step.sessions:,}", f"{step.clicks:,}", f"{step.items:,}")
                for step in card.steps
            ),
        ),
        Section("Sessions", ("", "train", "test"), _sides(card.train, card.test)),
        Section("What to know", ("", ""), _diagnostics(card)),
    ]
    if card.dropped:
        rows = tuple((reason, f"{count:,}") for reason, count in card.dropped.items())
        parts.insert(1, Section("Rows dropped while reading", ("reason", "rows"), rows))
    if card.expected is not None:
        parts.append(Section("Counts", ("", "found", "expected", ""), _comparison(card)))
    return tuple(parts)


def write_data_card(card: DataCard, *, out: Path) -> list[Path]:
    """Write ``card.json``, ``card.md`` and the figure ``card`` as pdf, svg and png.

    Raises:
        DataError: the folder cannot be written.
    """
    # matplotlib takes a second to import, which a card on the screen need not wait for.
    from srgnn_bench.report.figures.canvas import LAYOUTS, save_drawn
    from srgnn_bench.report.figures.data_card import draw_data_card

    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "card.json").write_text(card.model_dump_json(indent=2) + "\n", encoding="utf-8")
        (out / "card.md").write_text(markdown(card), encoding="utf-8")
        draw = partial(draw_data_card, card)
        drawn = [save_drawn(draw, name="card", out=out, layout=layout) for layout in LAYOUTS]
    except OSError as error:
        raise DataError(
            f"{out} cannot be written ({error.strerror or error}).",
            remedy="Free space or permissions there, or name another folder.",
        ) from error
    return [
        out / "card.json",
        out / "card.md",
        *(path for figure in drawn for path in figure.paths),
    ]


def markdown(card: DataCard) -> str:
    """The card as one Markdown page."""
    lines = [f"# {escape_markdown(card.title)}", ""]
    lines += [f"> **Warning:** {escape_markdown(warning)}\n" for warning in card.warnings]
    for part in sections(card):
        lines += [f"## {part.heading}", ""]
        rule = "|".join("---:" if numeric else "---" for numeric in part.numeric)
        lines += [f"| {' | '.join(part.columns)} |", f"|{rule}|"]
        lines += [f"| {' | '.join(map(escape_markdown, row))} |" for row in part.rows]
        lines.append("")
    return "\n".join(lines)


def _origin(card: DataCard) -> tuple[tuple[str, ...], ...]:
    rows = (
        ("source", f"{card.source}: {', '.join(card.files) or 'a frame'}"),
        ("fingerprint", card.fingerprint),
        ("cite", card.citation),
        ("licence", card.licence),
        ("note", card.note),
    )
    return tuple((what, said) for what, said in rows if said)


def _sides(*sides: Side) -> tuple[tuple[str, ...], ...]:
    def row(name: str, *cells: str | None) -> tuple[str, ...]:
        return (name, *(cell or "not known" for cell in cells))

    return (
        row("sessions", *(f"{side.sessions:,}" for side in sides)),
        row("clicks", *(f"{side.clicks:,}" for side in sides)),
        row("prefixes", *(f"{side.prefixes:,}" for side in sides)),
        row("items", *(f"{side.items:,}" for side in sides)),
        row("oldest session (UTC)", *(side.first for side in sides)),
        row("newest session (UTC)", *(side.last for side in sides)),
        row("median length", *(f"{side.median_length:g}" for side in sides)),
        row("mean length", *(f"{side.mean_length:.2f}" for side in sides)),
        row("longest", *(f"{side.longest:,}" for side in sides)),
        row("repeat rate", *(f"{side.repeat_rate:.1%}" for side in sides)),
    )


def _diagnostics(card: DataCard) -> tuple[tuple[str, ...], ...]:
    unknown = card.unknown
    rows = [
        ("test items never trained", f"{unknown.items:,} ({unknown.item_share:.1%})"),
        ("test targets never trained", f"{unknown.targets:,} ({unknown.target_share:.1%})"),
    ]
    kind = card.kind
    if kind.span_seconds is not None:
        rows.append(("span of the test", span_text(kind.span_seconds)))
    repeated = kind.repeated_sessions
    rows.append(
        (
            "test sessions that repeat a training session whole",
            f"{repeated:,} ({repeated / card.test.sessions:.1%})",
        )
    )
    if kind.shuffle is not None:
        shuffle = kind.shuffle
        rows.append(
            (
                "what a Markov model loses by shuffled sessions",
                f"{shuffle.loss:.0%} (MRR@20 {shuffle.mrr:.4f} to {shuffle.mrr_shuffled:.4f}, "
                f"{shuffle.judged:,} training prefixes judged)",
            )
        )
    return tuple(rows)


def _comparison(card: DataCard) -> tuple[tuple[str, ...], ...]:
    rows = []
    for name in type(card.counts).model_fields:
        found, expected = getattr(card.counts, name), getattr(card.expected, name)
        if expected is None:
            continue
        verdict = "as expected" if found == expected else "MISMATCH"
        rows.append((name.replace("_", " "), f"{found:,}", f"{expected:,}", verdict))
    return tuple(rows)
