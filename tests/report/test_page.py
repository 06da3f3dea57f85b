from __future__ import annotations

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)

CHECK = """
<script>
const table = document.querySelector("table.sortable");
const column = [...table.rows[1].cells].findIndex((c) => c.textContent.includes("MRR@20"));
const shown = () => [...table.tBodies[0].rows].map((r) => Number(r.cells[column].dataset.value));
const button = table.rows[1].cells[column].querySelector("button");
const report = {before: shown()};
button.click();
report.first = shown();
button.click();
report.second = shown();
table.rows[1].cells[0].querySelector("button").click();
report.names = [...table.tBodies[0].rows].map((r) => r.cells[0].textContent.trim());
const drawings = [...document.querySelectorAll("figure svg")];
report.figures = drawings.map((drawing) => drawing.getBoundingClientRect().height);
report.wide = document.documentElement.scrollWidth;
const answer = document.createElement("pre");
answer.id = "answer";
answer.textContent = JSON.stringify(report);
document.body.append(answer);
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
        if tag == "figure":
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


def test_stored_text_cannot_become_markup(built: Path):
    text = (built / "index.html").read_text(encoding="utf-8")
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
@pytest.mark.parametrize("width", [1280, 390])
def test_in_a_browser_tables_sort_and_figures_show_without_a_complaint(
    built: Path, tmp_path: Path, width: int
):
    page = tmp_path / "page.html"
    text = (built / "index.html").read_text(encoding="utf-8")
    page.write_text(text.replace("</body>", f"{CHECK}</body>"), encoding="utf-8")
    done = subprocess.run(
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--enable-logging=stderr",
            f"--window-size={width},900",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "CONSOLE" not in done.stderr
    found = re.search(r'<pre id="answer">(.*?)</pre>', done.stdout)
    assert found, done.stderr[-2000:]
    answer = json.loads(found[1])
    assert answer["first"] == sorted(answer["before"], reverse=True)
    assert answer["second"] == sorted(answer["before"])
    assert answer["names"] == sorted(answer["names"], key=str.lower)
    assert len(answer["figures"]) >= 7
    assert min(answer["figures"]) > 100
    assert answer["wide"] <= max(width, 500)  # headless windows are at least 500 wide
