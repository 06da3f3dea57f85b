# %% [markdown]
# # Tutorial: from a frame of clicks to a report
#
# This page is a script, [tutorial.py](tutorial.py): run it as `python tutorial.py`, or open it as
# a notebook in an editor that knows `# %%` cells. It takes under a minute on one core, and writes
# to the folder `tutorial/`.
#
# ## Clicks
#
# A click needs a session, an item and a time. Here a shop of 120 products is made up, in which two
# clicks of three lead to the product's usual successor. Put your own frame in its place.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch

from srgnn_bench import Benchmark
from srgnn_bench.models import FittedRecommender

random = np.random.default_rng(1)
rows = []
for visit in range(1200):
    product = random.integers(120)
    for click in range(random.integers(2, 8)):
        rows.append((visit, product, 600 * visit + 20 * click))
        product = (7 * product + 3) % 120 if random.random() < 2 / 3 else random.integers(120)
clicks = pd.DataFrame(rows, columns=["visit", "product", "seconds"])

folder = Path("tutorial")
folder.mkdir(exist_ok=True)

# %% [markdown]
# ## A dataset
#
# These are the keys of a dataset's YAML file ([data of your own](your-data.md)). The newest fifth
# of the sessions is the test. Sessions of one click and products of fewer than five are left out
# by default. The frame may be of pandas or polars, or an Arrow table; a log in a file is described
# in the same way.

# %%
shop = {
    "name": "shop",
    "title": "A shop",
    "citation": "none",
    "licence": "made up",
    "obtain": "Run the tutorial.",
    "sources": [
        {
            "name": "own",
            "kind": "frame",
            "frame": clicks,
            "columns": {"session": "visit", "item": "product", "time": "seconds"},
            "time_format": "seconds",
        }
    ],
    "preparation": {"split": {"kind": "newest_sessions", "fraction": 0.2}},
}

# %% [markdown]
# ## A benchmark
#
# Every model gets the same two trials. Trials see training and validation sessions only
# ([protocols](protocols.md)). The best one's configuration is trained again on all training
# sessions, once per seed, and ranks all products for every prefix of every test session.

# %%
small = {"embedding_size": 32}
suite = {
    "name": "shop",
    "title": "Models on a shop",
    "datasets": [shop],
    "models": [{"model": "srgnn", "name": "srgnn", "parameters": small}, "vsknn", "popularity"],
    "tuning": {"trials": 2},
    "training": {"epochs": 6, "train_batch_size": 100},
    "seeds": 2,
}
benchmark = Benchmark(suite, results=folder / "results")
print(benchmark.run())

# %% [markdown]
# All of it is stored in `tutorial/results`: run this again, and nothing is trained. `run(listen=f)`
# calls `f` with every event, and `status()` says what is done, failed or missing.
#
# ## Results as frames
#
# One row per run, with all metrics as shares between 0 and 1, cost, and the key under which the run
# is stored:

# %%
runs = benchmark.results()
print(runs[["entry", "seed", "recall@20", "mrr@20", "train_seconds", "key"]])

# %% [markdown]
# Mean and standard deviation over the seeds:

# %%
summary = benchmark.summary()
print(summary.drop(columns=["title", "protocol"]))

# %% [markdown]
# ## A plot

# %%
axes = summary[::-1].plot.barh(
    x="title", y="mrr@20", xerr="mrr@20 sd", legend=False, figsize=(6, 2.5)
)
axes.set(xlabel="MRR@20", ylabel="")
plt.tight_layout()
plt.savefig(folder / "mrr.png")

# %% [markdown]
# `frames()` holds what the report is drawn from: curves over K, parts of the test, cost, trials.
# Among them are the paired differences between SR-GNN and every other model, with 95% intervals
# from resampled sessions ([the report](report.md)):

# %%
differences = benchmark.frames().differences
print(differences[["entry", "metric", "difference", "low", "high"]])

# %% [markdown]
# ## A baseline of your own
#
# A fitted baseline has `fit` and `full_sort_predict`; [add a baseline](add-a-baseline.md) shows one
# that is trained, and how to test it. This one counts which product followed which. Sessions
# arrive as one flat array of items, numbered from 1, and `offsets` says where each session starts.


# %%
class Successor(FittedRecommender):
    """Scores an item by how often it followed the last one in training."""

    def __init__(self, config, dataset):
        super().__init__(config, dataset)
        self.register_buffer("counts", torch.zeros(self.n_items, self.n_items))

    def fit(self, sessions):
        """Count the pairs of neighbours within sessions."""
        is_last = np.zeros(len(sessions.items), dtype=bool)
        is_last[sessions.offsets[1:] - 1] = True
        before = np.flatnonzero(~is_last)
        np.add.at(self.counts.numpy(), (sessions.items[before], sessions.items[before + 1]), 1)

    def full_sort_predict(self, interaction):
        """Counts of what followed the last item, shape (sessions, items + 1)."""
        sequences = interaction[self.ITEM_SEQ]
        lengths = interaction[self.ITEM_SEQ_LEN]
        return self.counts[sequences[torch.arange(len(lengths)), lengths - 1]]


successor = {
    "name": "successor",
    "title": "Successor",
    "class": f"{__name__}:Successor",
    "citation": "The tutorial",
}

# %% [markdown]
# A model may also be a variant of another. `trust` allows classes from outside srgnn_bench and
# RecBole. The three models of before are not run again:

# %%
no_steps = {
    "model": "srgnn",
    "name": "no_steps",
    "title": "No GNN",
    "parameters": {**small, "step": 0},
}
models = [*suite["models"], no_steps, successor]
larger = Benchmark(suite, models=models, results=folder / "results", trust=True)
print(larger.run())
print(larger.summary().drop(columns=["title", "protocol"]))

# %% [markdown]
# The clicks of this shop follow a rule about two neighbours, so counting neighbours does as well as
# SR-GNN. The rule of real clicks is not known: that is what simple baselines are for.
#
# ## The report
#
# Tables for a paper, figures, and a page that needs no network:

# %%
print(larger.report(folder / "report").page)
