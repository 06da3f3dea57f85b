"""Draws the picture of the README from the stored tables.

    python docs/first_picture.py

writes ``docs/first-picture.svg``; a test holds that it has been called.
"""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

DOCS = Path(__file__).resolve().parent
TABLE = DOCS.parent / "results" / "reference" / "report" / "standard" / "table.csv"

DATASET, MODELS = "yoochoose1_64", ("srgnn", "gru4rec_original", "narm", "stamp")
SUBJECT, OTHERS = "#1f4e9c", "#7a7a7a"


def draw() -> str:
    """The picture as SVG: Recall@20 and MRR@20 of four models, with 95% intervals."""
    frame = pd.read_csv(TABLE).set_index(["dataset", "entry", "metric"]).loc[DATASET]
    style = {"svg.hashsalt": "srgnn_bench", "svg.fonttype": "none", "font.size": 9}
    with mpl.rc_context(style):
        figure = Figure(figsize=(6.4, 1.7), layout="constrained")
        for axes, metric in zip(
            figure.subplots(1, 2, sharey=True), ("recall@20", "mrr@20"), strict=True
        ):
            for place, model in enumerate(MODELS):
                row = frame.loc[(model, metric)]
                colour = SUBJECT if model == "srgnn" else OTHERS
                axes.plot([100 * row["low"], 100 * row["high"]], [place] * 2, color=colour, lw=1.4)
                axes.plot(100 * row["mean"], place, "o", color=colour, ms=5)
            titles = [str(frame.loc[(model, metric), "title"]) for model in MODELS]
            axes.set_yticks(range(len(MODELS)), titles)
            axes.tick_params(axis="y", length=0)
            axes.set_ylim(len(MODELS) - 0.5, -0.5)
            name, k = metric.split("@")
            title = {"recall": "Recall", "mrr": "MRR"}[name]
            axes.set_xlabel(f"{title}@{k} on Yoochoose 1/64 (%)")
            axes.spines[["top", "right", "left"]].set_visible(False)
            axes.locator_params(axis="x", nbins=5)
            axes.grid(axis="x", color="#dddddd", lw=0.6)
            axes.set_axisbelow(True)
        drawn = io.StringIO()
        figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None})
    return drawn.getvalue()


if __name__ == "__main__":
    (DOCS / "first-picture.svg").write_text(draw(), encoding="utf-8")
