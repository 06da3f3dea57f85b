"""RecBole as its own users run it: its dataset, loaders, trainer and evaluation."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.trainer import Trainer
from recbole.utils import get_model, init_seed

import srgnn_bench
from benchmarks.sessions import LONGEST
from srgnn_bench.data.sessions import Prefixes, Sessions, Stage
from srgnn_bench.process.computing import VISIBLE_VARIABLE
from srgnn_bench.process.device import CPU, Device

srgnn_bench.register()  # RecBole's Config needs NumPy's former names

BASE = {
    "USER_ID_FIELD": "session_id",
    "ITEM_ID_FIELD": "item_id",
    "ITEM_LIST_LENGTH_FIELD": "item_length",
    "MAX_ITEM_LIST_LENGTH": LONGEST,
    "load_col": None,
    "train_neg_sample_args": None,
    "metrics": ["Recall", "MRR", "NDCG"],
    "topk": [5, 10, 20],
    "valid_metric": "MRR@20",
    "use_gpu": False,
    "show_progress": False,
    "state": "ERROR",
}


class RecBole:
    """A model under RecBole's own trainer, on the prefixes of a stage.

    Args:
        model_name: class name of a RecBole model.
        stage: the prefixes and the catalogue.
        folder: where its files go.
        train_batch_size: prefixes per step.
        device: the CPU, or the first GPU that the process sees.
    """

    def __init__(
        self,
        model_name: str,
        stage: Stage,
        *,
        folder: Path,
        train_batch_size: int,
        device: Device = CPU,
    ) -> None:
        write_prefixes(stage, folder=folder / "sessions")
        config = Config(
            model=model_name,
            dataset="sessions",
            config_dict={
                **BASE,
                "data_path": str(folder),
                "checkpoint_dir": str(folder / "saved"),
                "benchmark_filename": ["train", "catalogue", "test"],
                "alias_of_item_id": ["item_id_list"],
                "seq_len": {"item_id_list": LONGEST},
                "eval_args": {"order": "TO", "mode": "full", "split": None, "group_by": None},
                "train_batch_size": train_batch_size,
                "use_gpu": device != CPU,
                # RecBole writes it to the variable.
                "gpu_id": os.environ.get(VISIBLE_VARIABLE, "0"),
            },
        )
        init_seed(config["seed"], config["reproducibility"])
        dataset = create_dataset(config)
        self.train_data, _, self.test_data = data_preparation(config, dataset)
        self.model = get_model(model_name)(config, self.train_data.dataset)
        self.trainer = Trainer(config, self.model)
        self._epoch = 0

    @property
    def padded_to(self) -> int:
        """Steps to which its training batches are padded."""
        return int(self.train_data.dataset.inter_feat["item_id_list"].shape[1])

    def train_epoch(self) -> None:
        """One epoch, as ``Trainer.fit`` calls it."""
        self._epoch += 1
        self.trainer._train_epoch(self.train_data, self._epoch)

    def evaluate(self) -> dict[str, float]:
        """Full-sort evaluation of the judged prefixes."""
        result: dict[str, float] = self.trainer.evaluate(self.test_data, load_best_model=False)
        return result


def write_prefixes(stage: Stage, *, folder: Path) -> None:
    """Prefixes as RecBole's pre-split session files, and one that names every item."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "sessions.train.inter", _rows(stage.train_prefixes))
    _write(folder / "sessions.test.inter", _rows(stage.judged))
    every_item = [f"{item}\t{item}\t{item}" for item in range(1, stage.n_items + 1)]
    _write(folder / "sessions.catalogue.inter", every_item)


def _rows(prefixes: Prefixes) -> list[str]:
    items = prefixes.items.astype(str)
    return [
        f"{session}\t{' '.join(items[start:stop])}\t{target}"
        for session, start, stop, target in zip(
            prefixes.session, prefixes.start, prefixes.stop, prefixes.target, strict=True
        )
    ]


def _write(path: Path, rows: list[str]) -> None:
    header = "session_id:token\titem_id_list:token_seq\titem_id:token"
    path.write_text("\n".join([header, *rows]) + "\n")


def write_log(sessions: Sessions, *, path: Path, copies: int) -> None:
    """Sessions as RecBole's interaction file, one click per line, a second between clicks.

    Args:
        sessions: the sessions.
        path: the ``.inter`` file.
        copies: how often each session stands in it, under a name and at a time of its own.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    session = sessions.session_of_click
    click = np.arange(len(sessions.items))
    with path.open("w") as file:
        file.write("session_id:token\titem_id:token\ttimestamp:float\n")
        for copy in range(copies):
            names = session + copy * len(sessions)
            times = click + copy * len(click)
            np.savetxt(
                file, np.column_stack([names, sessions.items, times]), fmt="%d", delimiter="\t"
            )


def load_log(path: Path) -> None:
    """Load an interaction file, make prefixes and loaders."""
    options: dict[str, Any] = {
        **BASE,
        "data_path": str(path.parent.parent),
        "load_col": {"inter": ["session_id", "item_id", "timestamp"]},
        "eval_args": {
            "order": "TO",
            "mode": "full",
            "split": {"LS": "valid_and_test"},
            "group_by": "user",
        },
    }
    config = Config(model="SRGNN", dataset=path.stem, config_dict=options)
    data_preparation(config, create_dataset(config))


def anomaly_detection(*, on: bool) -> None:
    """Set what importing RecBole's sequential models sets (its SINE switches it on)."""
    torch.autograd.set_detect_anomaly(on)
