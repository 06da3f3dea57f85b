"""The documents are followed word by word."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent


def blocks(document: str, language: str) -> list[str]:
    """The code blocks of a document in one language, in their order."""
    text = (CHECKOUT / "docs" / document).read_text()
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def test_adding_a_baseline_works_as_written(tmp_path: Path) -> None:
    model, contract = blocks("add-a-baseline.md", "python")
    (tmp_path / "my_models.py").write_text(model)
    (tmp_path / "test_last_item.py").write_text(contract)
    (tmp_path / "last_item.yaml").write_text(blocks("add-a-baseline.md", "yaml")[0])
    (command,) = blocks("add-a-baseline.md", "sh")
    environment, *words = command.split()
    assert environment == "PYTHONPATH=."
    assert words[:2] == ["python", "run_benchmark.py"]
    small = ["--trials", "1", "--seeds", "1", "--set", "training.epochs=1"]
    run = [str(CHECKOUT / "run_benchmark.py"), *words[2:], *small]
    for arguments in (run, ["-m", "pytest", "-q", "-p", "no:cacheprovider", "test_last_item.py"]):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": f"{tmp_path}:{CHECKOUT}", "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "results" / "report" / "quick" / "table.md").is_file()
