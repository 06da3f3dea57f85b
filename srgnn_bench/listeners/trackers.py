"""Listeners that pass a benchmark's events on to a tracker of experiments.

Each is handed to ``Benchmark.run(listen=...)``. What is stored does not depend on them. Their
packages come with ``pip install 'srgnn-bench[trackers]'``; without its own, each raises
``BenchError``.

```python
from srgnn_bench.listeners import tensorboard

benchmark.run(listen=tensorboard("runs"))
```
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from srgnn_bench.errors import BenchError
from srgnn_bench.events import EpochDone, Event, Listener, RunDone, TrialStarted

Write = Callable[[str, dict[str, float], int | None], None]
"""Takes what is trained, values by their names, and the epoch; None at the end of a run."""


def tensorboard(folder: str | Path) -> Listener:
    """One TensorBoard run per trial and final run, in folders below ``folder``."""
    tracker = _package("torch.utils.tensorboard")

    def write(what: str, values: dict[str, float], epoch: int | None) -> None:
        with tracker.SummaryWriter(str(Path(folder) / what)) as writer:
            for name, value in values.items():
                writer.add_scalar(name, value, epoch)

    return _listener(write)


def wandb(project: str, **init: Any) -> Listener:
    """One run of Weights & Biases; each trial and final run is a group of its charts.

    Args:
        project: its project.
        init: what else ``wandb.init`` takes, such as ``mode="offline"``.
    """
    run = _package("wandb").init(project=project, **init)

    def write(what: str, values: dict[str, float], epoch: int | None) -> None:
        at = {} if epoch is None else {f"{what}/epoch": epoch}
        run.log({**at, **{f"{what}/{name}": value for name, value in values.items()}})

    return _listener(write)


def mlflow(experiment: str) -> Listener:
    """One MLflow run per trial and final run, in an experiment."""
    tracker = _package("mlflow")
    tracker.set_experiment(experiment)
    runs: dict[str, str] = {}

    def write(what: str, values: dict[str, float], epoch: int | None) -> None:
        with tracker.start_run(run_id=runs.get(what), run_name=what) as run:
            runs[what] = run.info.run_id
            named = {name.replace("@", " at "): value for name, value in values.items()}
            tracker.log_metrics(named, step=epoch)

    return _listener(write)


def _package(name: str) -> Any:
    """A tracker's package.

    Raises:
        BenchError: it cannot be imported.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise BenchError(
            f"The tracker cannot be imported ({error}).",
            remedy="Install it with: pip install 'srgnn-bench[trackers]'.",
        ) from error


def _listener(write: Write) -> Listener:
    """Passes on the numbers of events, under the name of the trial or the run that they are of."""
    trials: dict[tuple[str, str], str] = {}

    def listen(event: Event) -> None:
        who = (event.dataset, event.entry)
        match event:
            case TrialStarted():
                part = "finalist" if event.finalist else "trial"
                trials[who] = f"{part}-{event.number + 1}"
            case EpochDone():
                values = {"loss": event.loss, "seconds": event.seconds}
                if event.value is not None:
                    values["validation/mrr@20"] = event.value
                what = trials[who] if event.seed is None else f"seed-{event.seed}"
                write("/".join([*who, what]), values, event.epoch)
            case RunDone():
                values = {"test/recall@20": event.recall, "test/mrr@20": event.mrr}
                write("/".join([*who, f"seed-{event.seed}"]), values, None)

    return listen
