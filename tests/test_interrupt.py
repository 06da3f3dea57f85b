"""Ctrl-C twice: the second one ends the process at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tiny_world import TinyWorld, broken_model


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 300
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, f"{path.name} never came"
        time.sleep(0.05)


def heed_interrupts() -> None:
    """In the child, before it begins: whoever runs the tests in the background ignores Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_a_second_interrupt_ends_at_once_and_without_a_traceback(tiny_world: TinyWorld) -> None:
    started, closing = tiny_world.root / "started", tiny_world.root / "closing"
    command = [
        sys.executable, "-m", "srgnn_bench", "run", "--suite", str(tiny_world.suite),
        "--model", str(broken_model(tiny_world)), "--trust", "--trials", "1",
        "--data-root", str(tiny_world.data_root), "--results", str(tiny_world.results),
    ]  # fmt: skip
    environment = {
        **os.environ,
        "BROKEN_MODEL": "clings",
        "BROKEN_MODEL_STARTED": str(started),
        "BROKEN_MODEL_CLOSING": str(closing),
        "PYTHONPATH": str(Path(__file__).parent / "execution" / "models"),
    }
    with subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,
    ) as process:
        try:
            wait_for(started, process)
            process.send_signal(signal.SIGINT)
            wait_for(closing, process)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert "Traceback" not in out + err
