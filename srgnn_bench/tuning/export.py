"""Stored studies as a database that optuna-dashboard and Optuna's own tools read."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import optuna
from pydantic import TypeAdapter

from srgnn_bench.errors import StoreError
from srgnn_bench.specs.model import Dimension
from srgnn_bench.store.store import ResultStore
from srgnn_bench.tuning.space import as_optuna


def export_studies(store: ResultStore, *, out: Path) -> list[str]:
    """Write every stored study to one SQLite database.

    Args:
        store: the results folder.
        out: the database; one that is there is replaced.

    Returns:
        Names of the studies, ``dataset/model/digits of the key``.

    Raises:
        StoreError: a study is damaged, none is stored, or ``out`` cannot be written.
    """
    spaces = TypeAdapter(dict[str, Dimension])
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    names = []
    # Optuna's addresses are URLs, in which a path may hold no ? or %.
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "studies.db"
        for stored in store.studies():
            facts = stored.facts()
            assert facts is not None
            names.append(f"{facts.dataset}/{facts.model}/{stored.path.name}")
            study = optuna.create_study(
                storage=f"sqlite:///{database}", study_name=names[-1], direction="maximize"
            )
            study.add_trials(as_optuna(stored.trials(), spaces.validate_python(facts.space)))
            study.set_user_attr("title", facts.title)
        if not names:
            raise StoreError(
                f"{store.root} holds no study.",
                remedy="Run a suite with tuning first, or name another folder with --results.",
            )
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(database, out)
        except OSError as error:
            raise StoreError(
                f"{out} cannot be written ({error.strerror or error}).",
                remedy="Name another file with --out.",
            ) from error
    return names
