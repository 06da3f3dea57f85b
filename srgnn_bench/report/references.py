"""The BibTeX entries of the models and datasets that a suite used."""

from __future__ import annotations

from pathlib import Path

from srgnn_bench.errors import SpecError
from srgnn_bench.report.results import SuiteResults
from srgnn_bench.specs.fields import Spec
from srgnn_bench.specs.reading import read_spec
from srgnn_bench.specs.registry import properties_folder


class References(Spec):
    """Who to cite for what, from ``properties/references.yaml``."""

    always: tuple[str, ...]
    models: dict[str, tuple[str, ...]]
    datasets: dict[str, tuple[str, ...]]
    entries: dict[str, str]
    """BibTeX by the key that the other fields name."""


def read_references(path: Path | None = None) -> References:
    """The shipped references, or those of another file.

    Raises:
        SpecError: the file is not a valid one, or names an entry that it does not hold.
    """
    path = path or properties_folder() / "references.yaml"
    references = read_spec(path, References)
    named = {*references.always}.union(*references.models.values(), *references.datasets.values())
    unknown = sorted(named - set(references.entries))
    if unknown:
        raise SpecError(f"{path} has no entry {unknown[0]}.", remedy="Add it under `entries`.")
    return references


def bibtex(results: SuiteResults, *, references: References) -> str:
    """The entries for what a suite used, sorted; what has none is named in a comment."""
    models = dict.fromkeys(cell.model for cell in results.manifest.cells)
    wanted = set(references.always)
    missing = []
    for names, known in ((models, references.models), (results.datasets, references.datasets)):
        for name in names:
            wanted.update(known.get(name, ()))
            missing += [] if name in known else [name]
    comments = [f"% No reference is known for {name}.\n" for name in missing]
    return "\n".join([*comments, *(references.entries[key] for key in sorted(wanted))])
