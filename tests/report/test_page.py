from __future__ import annotations

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import made_up
import pytest
from made_up import write_suite

from srgnn_bench.report import build_report
from srgnn_bench.report.figures import figures_for
from srgnn_bench.report.frames import Frames
from srgnn_bench.report.page import alternative_text, inline_svg
from srgnn_bench.report.results import load_suite
from srgnn_bench.specs import registry
from srgnn_bench.store.store import ResultStore

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)

CHECK = """
<script>
{
const tables = [...document.querySelectorAll("table.sortable")];
const headings = (table) => [...table.tHead.rows[table.tHead.rows.length - 1].cells];
const named = (name) => headings(tables[0]).findIndex((c) => c.textContent.includes(name));
const shown = (c) => [...tables[0].tBodies[0].rows].map((r) => Number(r.cells[c].dataset.value));
const press = (button) => { button.focus(); button.click(); };  // as Enter does on a button
const report = {before: shown(named("MRR@20"))};
const button = headings(tables[0])[named("MRR@20")].querySelector("button");
press(button);
report.first = shown(named("MRR@20"));
press(button);
report.second = shown(named("MRR@20"));
report.focused = document.activeElement === button && button.tabIndex === 0;
report.sorted = headings(tables[0])[named("MRR@20")].getAttribute("aria-sort");
press(headings(tables[0])[0].querySelector("button"));
report.names = [...tables[0].tBodies[0].rows].map((r) => r.cells[0].textContent.trim());
const tuning = document.querySelector("#table-tuning table");
press(headings(tuning)[1].querySelector("button"));
report.tuned = [...tuning.tBodies[0].rows].map((r) => r.cells[0].textContent.trim());
const search = document.getElementById("search");
search.value = "nar";
search.dispatchEvent(new Event("input"));
const left = [...tables[0].tBodies[0].rows].filter((r) => !r.hidden);
report.found = left.map((r) => r.cells[0].textContent.trim());
search.value = "";
search.dispatchEvent(new Event("input"));
const labels = () => [...document.querySelectorAll("#chart text")].map((t) => t.textContent);
report.all = labels();
document.querySelector("#choice input[value=narm]").click();
report.fewer = labels();
const metric = document.getElementById("metric");
const drawn = document.getElementById("chart").innerHTML;
metric.selectedIndex = 1;
metric.dispatchEvent(new Event("change", {bubbles: true}));
report.redrawn = document.getElementById("chart").innerHTML !== drawn;
const drawings = [...document.querySelectorAll(".drawing svg")];
report.figures = drawings.map((d) => d.getBoundingClientRect().height).filter((high) => high > 0);
report.wide = document.documentElement.scrollWidth;
const light = (colour) => {
  const [r, g, b] = colour.match(/[\\d.]+/g).map((v) => v / 255)
    .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (element) => {
  for (let e = element; e; e = e.parentElement) {
    const colour = getComputedStyle(e).backgroundColor;
    if (colour !== "rgba(0, 0, 0, 0)") return colour;
  }
  return matchMedia("(prefers-color-scheme: dark)").matches ? "rgb(0, 0, 0)" : "rgb(255, 255, 255)";
};
report.dark = matchMedia("(prefers-color-scheme: dark)").matches;
const texts = document.querySelectorAll("p, a, th, td, h1, h2, dt, dd, label, caption, summary");
report.contrast = Math.min(...[...texts].map((e) => {
  const [a, b] = [light(getComputedStyle(e).color), light(behind(e))].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}));
const answer = document.createElement("pre");
answer.id = "answer";
answer.textContent = JSON.stringify(report);
document.body.append(answer);
}
</script>
"""


class Page(HTMLParser):
    """Collects what a page refers to."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.loads: list[str] = []
        self.anchors: list[str] = []
        self.labels: list[str] = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if "id" in given:
            self.ids.append(given["id"])
        if tag in ("script", "img", "link", "iframe", "source") and (
            given.get("src") or given.get("href")
        ):
            self.loads.append(tag)
        if tag == "a" and given.get("href", "").startswith("#"):
            self.anchors.append(given["href"][1:])
        if tag == "figure" and "aria-label" in given:
            self.labels.append(given["aria-label"])


def test_the_page_loads_nothing_and_its_links_lead_somewhere(built: Path):
    text = (built / "index.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert page.loads == []
    assert not re.search(r"url\(\s*['\"]?https?:|@import", text)
    assert len(page.ids) == len(set(page.ids))
    assert set(page.anchors) <= set(page.ids)
    assert len(page.labels) >= 7
    assert all("Diginetica" in label and "SR-GNN" in label for label in page.labels)
    for link in set(re.findall(r'href="([^"#][^"]*)"', text)):
        assert (built / link).exists(), link


def test_a_figure_tells_what_it_shows_and_nothing_else(store: ResultStore):
    def missing(dataset: str, entry: str, seed: int) -> bool:
        return dataset == "tmall" or (dataset, entry) == ("yoochoose1_64", "srgnn")

    write_suite(store, datasets=3, models=12, seeds=1, sessions=40, missing=missing)
    frames = Frames(load_suite(store, suite="made-up"))
    told = {figure.name: alternative_text(frames, figure) for figure in figures_for(frames)}
    assert all("SR-GNN" in text and "Tmall" not in text for text in told.values())
    assert {name for name, text in told.items() if "Yoochoose" not in text} == {"differences"}
    assert {name for name, text in told.items() if "Popularity" not in text} == {"learning"}
    assert "GRU4Rec" in told["comparison"]
    assert "GRU4Rec" not in told["curves"]


def test_the_protocol_stands_once_and_every_table_has_a_caption(built: Path):
    text = (built / "index.html").read_text(encoding="utf-8")
    assert text.count("targets unseen in training") == 1
    assert text.count("<caption>") == text.count("<table")
    contents = text[text.index("<nav") : text.index("</nav>")]
    for section in re.findall(r'<section id="(table-[^"]+)"', text):
        assert f'href="#{section}"' in contents


@pytest.mark.slow
def test_the_page_of_many_models_is_small(store: ResultStore, tmp_path: Path, monkeypatch):
    names = [name for name in registry.names("model") if registry.model(name).family][:24]
    skills = {name: 1.0 - 0.06 * place for place, name in enumerate(names)}
    made = {name: (registry.model(name).title, skills[name]) for name in names}
    monkeypatch.setattr(made_up, "MODELS", made)
    write_suite(store, datasets=3, models=24, seeds=3)
    build_report(store, suite="made-up", out=tmp_path / "out", forms=[])
    assert (tmp_path / "out" / "index.html").stat().st_size < 2_000_000


def test_stored_text_cannot_become_markup(built: Path):
    text = (built / "index.html").read_text(encoding="utf-8")
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def texts_of(svg: str) -> list[str]:
    drawn = ElementTree.fromstring(svg)
    return [text.text for text in drawn.iter() if text.tag.endswith("text")]


def test_the_texts_of_an_inlined_drawing_are_those_of_its_file(built: Path):
    page = (built / "index.html").read_text(encoding="utf-8")
    inlined = sorted(texts_of(svg) for svg in re.findall(r"<svg.*?</svg>", page, re.DOTALL))
    files = sorted(texts_of(path.read_text(encoding="utf-8")) for path in built.glob("*.svg"))
    assert len(files) >= 14
    assert inlined == files


def test_no_text_of_a_drawing_is_taken_for_its_coordinates():
    told = 'p = 0.00123 font-family: x; id="a" href="#a" url(#a)'
    tag = '<path id="a" d="M 1.23456 2&#10;\nL 3 4" transform="rotate(-0 1 2)"/>'
    file = f'<?xml?>\n<svg width="9pt" height="9pt">\n{tag}\n<text>{told}</text>\n</svg>'
    inlined = str(inline_svg(file, "x"))
    assert texts_of(inlined) == [told]
    assert 'id="x-a" d="M 1.23 2' in inlined
    assert "rotate" not in inlined


def browse(page: Path, *options: str, profile: Path) -> subprocess.CompletedProcess[str]:
    """Open a page in Chromium without a window."""
    assert CHROMIUM is not None
    plain = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"]
    return subprocess.run(
        [CHROMIUM, *plain, f"--user-data-dir={profile}", *options, page.as_uri()],
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
@pytest.mark.parametrize(("width", "dark"), [(1280, False), (800, True), (390, True)])
def test_in_a_browser_the_page_sorts_searches_draws_and_can_be_read(
    built: Path, tmp_path: Path, width: int, dark: bool
):
    page = tmp_path / "page.html"
    text = (built / "index.html").read_text(encoding="utf-8")
    page.write_text(text.replace("</body>", f"{CHECK}</body>"), encoding="utf-8")
    scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
    done = browse(
        page, f"--window-size={width},900", scheme, "--dump-dom", profile=tmp_path / "profile"
    )
    assert "CONSOLE" not in done.stderr
    found = re.search(r'<pre id="answer">(.*?)</pre>', done.stdout)
    assert found, done.stderr[-2000:]
    answer = json.loads(found[1])
    assert answer["first"] == sorted(answer["before"], reverse=True)
    assert answer["second"] == sorted(answer["before"])
    assert answer["sorted"] == "ascending"
    assert answer["focused"]
    assert answer["names"] == sorted(answer["names"], key=str.lower)
    assert sorted(set(answer["tuned"])) == sorted(answer["names"])
    assert answer["found"] == ["NARM"]
    assert "NARM" in answer["all"]
    assert "NARM" not in answer["fewer"]
    assert "SR-GNN" in answer["fewer"]
    assert answer["redrawn"]
    assert len(answer["figures"]) >= 7
    assert min(answer["figures"]) > 100
    assert answer["wide"] <= max(width, 500)  # headless windows are at least 500 wide
    assert answer["dark"] == dark
    assert answer["contrast"] >= 4.5


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")
def test_nothing_is_clipped_in_print(built: Path, tmp_path: Path):
    pdf = tmp_path / "page.pdf"
    browse(built / "index.html", f"--print-to-pdf={pdf}", profile=tmp_path / "profile")
    subprocess.run(["pdftotext", "-bbox", pdf, tmp_path / "words.html"], check=True)
    words = (tmp_path / "words.html").read_text(encoding="utf-8")
    wide = float(re.search(r'<page width="([\d.]+)"', words)[1])
    ends = [float(end) for end in re.findall(r'<word [^>]*xMax="([\d.]+)"', words)]
    assert len(ends) > 1000
    assert max(ends) <= wide
    for table in ("table", "uncertainty", "cost"):  # the widest, to their last columns
        with (built / f"{table}.md").open(encoding="utf-8") as file:
            last = [line.split("|")[-2] for line in file if line.startswith("|")][-1]
        for word in re.sub(r"<[^>]*>|[*]", "", last).split():
            assert f">{word}<" in words, table
