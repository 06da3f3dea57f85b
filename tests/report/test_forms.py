"""Text of strangers in every form of a table: shown as it stands, never obeyed."""

from __future__ import annotations

import io

import jinja2
import pandas as pd
import pytest

from srgnn_bench.plain_text import one_line
from srgnn_bench.report.escaping import (
    escape_latex,
    escape_markdown,
    markdown_paragraph,
    no_formula,
)
from srgnn_bench.report.tables.forms import latex, templates, write_table
from srgnn_bench.report.tables.table import Table, TableCell

EVIL = "<script>x</script> | [y](z) *b* `q` \\input{w} $1$ \x1b[31m \u202etxt\nnext"


def test_markdown_shows_it_as_text_in_one_cell() -> None:
    shown = escape_markdown(EVIL)
    assert "<" not in shown
    assert "\n" not in shown
    assert "\\|" in shown
    assert "\\[y\\](z) \\*b\\* \\`q\\`" in shown
    assert shown.isprintable()


@pytest.mark.parametrize(
    "text", ["# Model", "> Model", "- Model", "+ Model", "* Model", "1. Model", "12) Model", "==="]
)
def test_a_paragraph_of_markdown_is_no_heading_or_list(text: str) -> None:
    shown = markdown_paragraph(text)
    assert shown.replace("\\", "", 1) == text
    assert shown.index("\\") == min(map(text.index, set(text) & set("#>-+*.)=")))


def test_markdown_shows_signs_of_formulas_and_of_deletion() -> None:
    assert escape_markdown("$x$ ~~y~~ 3 - 1") == r"\$x\$ \~\~y\~\~ 3 - 1"


def test_latex_prints_it_as_text() -> None:
    shown = escape_latex(EVIL)
    assert r"\textbackslash{}input\{w\} \$1\$" in shown
    assert shown.isprintable()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("αβ-Δ, ά", r"$\alpha$$\beta$-$\Delta$, $\alpha$"),
        ("Łódź", r"\L{}\'{o}d\'{z}"),
        ("o\u0302", r"\^{o}"),
        ("ế ș", r"\^{e} s"),
        ("½ ﬁ", "1/2 fi"),
        ("型", r"\textbackslash{}u578b"),
    ],
)
def test_latex_spells_what_its_fonts_lack(text: str, shown: str) -> None:
    assert escape_latex(text) == shown


def test_no_row_of_latex_begins_with_an_argument_of_the_row_above() -> None:
    columns, rows = ("*a", "b"), ((TableCell("[1] x"), TableCell("[2]")), (TableCell("y"),) * 2)
    table = Table("t", "T", (), columns, rows, "", (), (), pd.DataFrame())
    lines = latex(table, suite="made-up").splitlines()
    assert "{}*a & b \\\\" in lines
    assert "{}[1] x & [2] \\\\" in lines
    assert "y & y \\\\" in lines


def test_html_shows_it_as_text() -> None:
    environment = templates().overlay(loader=jinja2.DictLoader({"x.html.j2": "{{ text }}"}))
    shown = environment.get_template("x.html.j2").render(text=EVIL)
    assert "<script>" not in shown
    assert shown.replace("\n", "").isprintable()


@pytest.mark.parametrize("start", ["=", "+", "-", "@", " =", "\t="])
def test_text_of_a_csv_is_no_formula(start: str, tmp_path) -> None:
    text = f"{start}HYPERLINK(1)"
    table = Table(
        name="evil",
        title="Evil",
        columns=("model",),
        labels=1,
        groups=(),
        rows=((TableCell(text),),),
        note="",
        lines=(),
        card=(),
        data=pd.DataFrame({"model": [text], "gain": [-0.5]}),
    )
    write_table(table, out=tmp_path, suite="made-up")
    written = pd.read_csv(io.StringIO((tmp_path / "evil.csv").read_text(encoding="utf-8")))
    assert written.loc[0, "model"] == f"'{one_line(text)}"
    assert written.loc[0, "gain"] == -0.5
    assert no_formula(-1) == -1
