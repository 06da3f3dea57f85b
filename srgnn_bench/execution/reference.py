"""The stored results that come with the package, as a folder to go on from.

In a checkout they are in ``results/reference/``, in a wheel in the package's ``reference/``.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from srgnn_bench.errors import StoreError
from srgnn_bench.execution.manifest import changed_settings
from srgnn_bench.specs import registry
from srgnn_bench.store.keys import RESULTS_VERSION
from srgnn_bench.store.store import ResultStore

PARTS = ("prefixes", "runs", "studies", "suites")
"""What is copied: all that runs wrote, and nothing that is drawn from it."""


def reference_folder() -> Path:
    """The folder of the stored results.

    Raises:
        StoreError: the package came without them.
    """
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "reference", package.parent / "results" / "reference"):
        if (folder / "suites").is_dir():
            return folder
    raise StoreError(
        "The stored results did not come with this package.",
        remedy="Install it from a wheel, or use a checkout with results/reference/.",
    )


def copy_reference(out: Path, *, reference: Path | None = None) -> list[str]:
    """Copy the stored results to a folder of one's own, where `run` adds models to them.

    Args:
        out: the folder; it must not exist, or be empty.
        reference: what is copied; the results that come with the package unless given.

    Returns:
        Names of the suites that a model of today can be added to.

    Raises:
        StoreError: the folder holds something or cannot be written, or no stored suite is one that
            a model of today could be compared with.
    """
    source = reference_folder() if reference is None else reference
    store = ResultStore(source)
    reasons = {suite: why_closed(store, suite) for suite in store.suites()}
    usable = [suite for suite, reason in reasons.items() if reason is None]
    if not usable:
        told = "; ".join(dict.fromkeys(filter(None, reasons.values())))
        raise StoreError(
            "No model of today can be compared with the stored results, which are of an earlier "
            f"edition ({told or 'no suite is stored'}).",
            remedy=f"Read them with srgnn-bench report --results {source}, or run the whole suite.",
        )
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise StoreError(f"{out} is not empty.", remedy="Name a folder that does not exist.")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f"{out.name}-") as name:
            whole = Path(name) / "copy"
            for part in PARTS:
                if (source / part).is_dir():
                    shutil.copytree(source / part, whole / part)
            if out.is_dir():
                out.rmdir()
            whole.rename(out)
    except OSError as error:
        raise StoreError(
            f"{out} cannot be written ({error.strerror or error}).", remedy="Name another folder."
        ) from error
    return usable


def why_closed(store: ResultStore, suite: str) -> str | None:
    """Why no model of today can be added to a stored suite; None where one can."""
    manifest = store.manifest(suite)
    assert manifest is not None
    if suite in registry.names("suite"):
        today = registry.suite(suite).model_dump(mode="json")
        changed = changed_settings(manifest.spec, today)
        if changed:
            return changed[0]
    for cell in manifest.cells:
        if cell.key is not None:
            record = store.record(dataset=cell.dataset, model=cell.model, key=cell.key)
            if record is not None and record.identity.results_version != RESULTS_VERSION:
                return f"version {record.identity.results_version} of the code made its runs"
    return None
