"""The notebook of the documents runs from its first cell to its last, as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

CHECKOUT = Path(__file__).resolve().parent.parent


def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    notebook = nbformat.read(CHECKOUT / "docs" / "notebook.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert not any(cell.get("outputs") for cell in notebook.cells), "it is stored without outputs"
    client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()
    text = json.dumps(notebook)
    assert "4 runs stored, 4 of them by this call" in text  # seeds move SR-GNN alone
    assert "shop srgnn seed 0 stored" in text, "a notebook shows progress"
    assert "epoch 1/" not in text, "and is not full of it"
    assert "notebook-results/report/quick/index.html" in text
    assert (tmp_path / "notebook-results" / "report" / "quick" / "index.html").is_file()
    recommended = notebook.cells[-1]["outputs"][0]["data"]["text/html"]
    assert recommended.count("<td>p") == 6
