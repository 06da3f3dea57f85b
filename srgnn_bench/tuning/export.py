"""Stored studies as a database that optuna-dashboard and Optuna's own tools read."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

import optuna
from pydantic import TypeAdapter
from sqlalchemy.pool import StaticPool

from srgnn_bench.errors import StoreError
from srgnn_bench.files import half_written
from srgnn_bench.specs.model import Dimension
from srgnn_bench.store.store import ResultStore
from srgnn_bench.tuning.space import as_optuna


def export_studies(store: ResultStore, *, out: Path) -> list[str]:
    """Write the trials of every stored study to one SQLite database.

    Finalists are left out: they were judged on other sessions, and their values do not compare.

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
    # In memory: Optuna's addresses are URLs, in which a path may hold no ? or %.
    storage = optuna.storages.RDBStorage(
        "sqlite:///:memory:", engine_kwargs={"poolclass": StaticPool}
    )
    for stored in store.studies():
        facts = stored.facts()
        assert facts is not None
        names.append(f"{facts.dataset}/{facts.model}/{stored.path.name}")
        study = optuna.create_study(storage=storage, study_name=names[-1], direction="maximize")
        trials = [trial for trial in stored.trials() if not trial.finalist]
        study.add_trials(as_optuna(trials, spaces.validate_python(facts.space)))
        study.set_user_attr("title", facts.title)
    if not names:
        raise StoreError(
            f"{store.root} holds no study.",
            remedy="Run a suite with tuning first, or name another folder with --results.",
        )
    unfinished = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        for left in half_written(out.parent, out.name):  # by a killed call
            left.unlink(missing_ok=True)
        with (
            contextlib.closing(storage.engine.raw_connection()) as connection,
            contextlib.closing(sqlite3.connect(unfinished)) as file,
        ):
            database = connection.driver_connection
            assert isinstance(database, sqlite3.Connection)
            database.backup(file)
        unfinished.replace(out)
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise StoreError(
            f"{out} cannot be written ({reason}).", remedy="Name another file with --out."
        ) from error
    return names
