"""Trains one stored run again, and says whether it came out as it is stored."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from srgnn_bench.data.prepare import PreparedDataset, prepare
from srgnn_bench.errors import DataError, ModelError, SpecError
from srgnn_bench.evaluation.metrics import Metric, metric_title
from srgnn_bench.evaluation.statistics import LEVEL, NOTHING, next_value
from srgnn_bench.events import Listener
from srgnn_bench.execution.final import FinalResult, FinalTask
from srgnn_bench.execution.manifest import flat
from srgnn_bench.execution.plan import Job, Run
from srgnn_bench.execution.tasks import Trouble, Workbench
from srgnn_bench.process.computing import computing_with_threads
from srgnn_bench.process.cores import available_cores
from srgnn_bench.process.device import Device, DeviceChoice
from srgnn_bench.store.folder import Folder
from srgnn_bench.store.keys import short
from srgnn_bench.store.lookup import FoundRun, other_code
from srgnn_bench.store.prefixes import prefixes_key
from srgnn_bench.store.record import Record
from srgnn_bench.store.store import ResultStore
from srgnn_bench.training.configuration import Candidate, candidate
from srgnn_bench.tuning.study import Winner

Verdict = Literal["exact", "within the seeds' spread", "not reproduced", "no spread known"]

MACHINE = (
    "processor",
    "device",
    "gpu.name",
    "gpu.driver",
    "gpu.cuda",
    "gpu.hip",
    "gpu.cudnn",
    "deterministic",
    "precision",
    "products",
    "threads",
    "packages.torch",
    "packages.recbole",
    "packages.numpy",
    "packages.scipy",
)
"""What a record says of its machine that decides how numbers are rounded."""


@dataclass(frozen=True)
class CheckedMetric:
    """A metric of a run as it is stored, and as it came out again.

    Attributes:
        name: such as `recall@20`.
        stored, again: shares between 0 and 1.
        low, high: between these one more seed's would lie; NaN where that is not known.
    """

    name: str
    stored: float
    again: float
    low: float
    high: float

    @property
    def is_within(self) -> bool:
        """Whether it is one that another seed could have given."""
        return self.low - NOTHING <= self.again <= self.high + NOTHING


@dataclass(frozen=True)
class Check:
    """What came of a stored run that was trained again.

    Attributes:
        suite, dataset, entry, seed: which run it is.
        protocol: `published` is optimistic: the epoch was chosen on the test set.
        key: the run's key.
        prefixes: test prefixes that were ranked.
        other_ranks: prefixes whose target has another rank than is stored.
        metrics: the suite's metrics.
        seeds: stored seeds.
        has_chance: whether another seed could give another model.
        unlike: what is another here than on the machine of the stored run, in words.
    """

    suite: str
    dataset: str
    entry: str
    seed: int
    protocol: str
    key: str
    prefixes: int
    other_ranks: int
    metrics: tuple[CheckedMetric, ...]
    seeds: int
    has_chance: bool
    unlike: tuple[str, ...]

    @property
    def verdict(self) -> Verdict:
        """In a word.

        `exact` where every rank is the stored one. Else, where the seeds have a spread, whether
        every metric lies within it: where one more seed's would, 95% of times for all metrics
        together. A model without chance has no such spread, and must come out exactly.
        """
        if self.other_ranks == 0:
            return "exact"
        if not self.has_chance:
            return "not reproduced"
        if self.seeds < 2:
            return "no spread known"
        within = all(metric.is_within for metric in self.metrics)
        return "within the seeds' spread" if within else "not reproduced"

    @property
    def is_reproduced(self) -> bool:
        """Whether it is exact or within the spread of the seeds."""
        return self.verdict in ("exact", "within the seeds' spread")

    @property
    def reason(self) -> str:
        """Why the verdict is what it is, in a sentence."""
        if self.verdict == "exact":
            return f"All {self.prefixes:,} ranks are the stored ones."
        ranks = f"{self.other_ranks:,} of {self.prefixes:,} ranks are others"
        if not self.has_chance:
            return f"{ranks}, and without chance in the model all should be the same."
        if self.verdict == "no spread known":
            return f"{ranks}, and one stored seed does not tell what another would change."
        outside = [metric_title(m.name) for m in self.metrics if not m.is_within]
        where = f"{' and '.join(outside)} outside" if outside else "all metrics in"
        return f"{ranks}; {where} the interval for one more seed, from {self.seeds} seeds."

    @property
    def machine(self) -> str:
        """Whether the machine is like that of the stored run, in a sentence."""
        if self.unlike:
            return f"The machine is another, where ranks may differ: {', '.join(self.unlike)}."
        like = "The machine is alike, as far as the record tells"
        return f"{like}." if self.verdict == "exact" else f"{like}, where no rank should differ."


def check_run(
    found: FoundRun,
    *,
    data_root: Path | None,
    device: str | None = None,
    work: Path | None = None,
    listen: Listener,
    trust: bool = False,
) -> Check:
    """Train a stored run again, with its configuration, schedule and seed, and compare its ranks.

    Nothing is written to the results folder.

    Args:
        found: the run.
        data_root: folder of the data; None where the dataset needs none.
        device: where to train and rank, in the words of ``DeviceChoice``; as the stored run unless
            given.
        work: folder for prepared data and the checkpoint, from which an interrupted call goes on; a
            temporary one unless given.
        listen: told of the start and of every epoch.
        trust: whether the model's class may come from any module.

    Raises:
        DataError: the data is not there, or not that of the stored run.
        DeviceError: there is no such device, or it cannot be used.
        ModelError: the model cannot be imported, or its training failed.
        SpecError: its file is not valid, or the folder for the work is that of the results.
        StoreError: the model's code is another version, or what is stored is damaged.
    """
    record = found.record
    model = candidate(found.suite, found.entry, found.spec, trust=trust)
    if model.implementation != record.identity.implementation:
        raise other_code(
            record,
            f"{record.identity.implementation} made the stored run of {found.entry.name} on "
            f"{record.identity.dataset}, and the model's code here is {model.implementation}.",
        )
    made_on = record.environment
    where = DeviceChoice(device or made_on["device"], made_on.get("deterministic", True)).find()
    stored = {each.key: found.store.ranks(each) for each in found.seeds}
    with _work_folder(work, store=found.store) as folder:
        data = prepare(found.source, data_root=data_root, cache=ResultStore(folder).data_folder)
        _refuse_other_data(record, data)
        again = _train(found, model, data, device=where, folder=folder, listen=listen)
    if prefixes_key(again.prefixes) != record.prefixes:
        raise other_code(
            record,
            f"The code here makes other test prefixes of {record.identity.dataset} than the stored "
            "run ranked, of the same data.",
        )
    level = 1 - (1 - LEVEL) / len(found.suite.metrics)  # so that it holds for all of them together
    metrics = []
    for name in found.suite.metrics:
        values = {key: Metric.named(name).mean(ranks) for key, ranks in stored.items()}
        low, high = np.clip(next_value(np.array(list(values.values())), level=level), 0, 1)
        value = Metric.named(name).mean(again.ranks)
        metrics.append(CheckedMetric(name, values[record.key], value, float(low), float(high)))
    return Check(
        suite=found.suite.name,
        dataset=record.identity.dataset,
        entry=found.entry.name,
        seed=found.seed,
        protocol=record.protocol_kind,
        key=record.key,
        prefixes=len(again.ranks),
        other_ranks=int(np.count_nonzero(again.ranks != stored[record.key])),
        metrics=tuple(metrics),
        seeds=len(stored),
        has_chance=model.has_chance,
        unlike=tuple(_differences(record.environment, again.record.environment)),
    )


@contextlib.contextmanager
def _work_folder(work: Path | None, *, store: ResultStore) -> Iterator[Path]:
    if work is None:
        with tempfile.TemporaryDirectory(prefix="srgnn-bench-check-") as name:
            yield Path(name)
        return
    if work.resolve().is_relative_to(store.root.resolve()):
        raise SpecError(
            f"{work} is in {store.root}, where nothing is to be written.",
            remedy="Name another folder for the work, or none.",
        )
    yield work


def _train(
    found: FoundRun,
    model: Candidate,
    data: PreparedDataset,
    *,
    device: Device,
    folder: Path,
    listen: Listener,
) -> FinalResult:
    """The final run again, as ``run`` makes it."""
    record, identity = found.record, found.record.identity
    protocol = found.suite.protocol.model_copy(update=identity.protocol)
    # How long it may take was said for the machine that made it.
    suite = found.suite.model_copy(update={"protocol": protocol, "time_limit_seconds": None})
    job = Job(suite, found.source, data, model, study=None)
    task = FinalTask.of(
        job,
        Run(found.seed, identity, record.key),
        Winner(identity.configuration, identity.schedule, record.study),
        keep_lists=False,
    )
    place = Folder(folder / "check" / short(record.key), marks=())
    with computing_with_threads(min(record.environment["threads"], available_cores())):
        answer: FinalResult | Trouble = Workbench().do(
            task,
            data,
            protocol,
            listen=listen,
            checkpoint=place.checkpoint(record.key),
            device=device,
        )
    if isinstance(answer, Trouble):
        raise ModelError(
            f"{model.title} on {data.title} could not be trained again: {answer.error}",
            remedy="Its record says with which packages and on what it was.",
        )
    place.remove()
    return answer


def _refuse_other_data(record: Record, data: PreparedDataset) -> None:
    """Refuse data that the stored run was not made from, and say what is known to differ."""
    if data.fingerprint == record.identity.fingerprint:
        return
    counts = ("train_sessions", "train_clicks", "test_sessions", "test_prefixes")
    here, there = data.counts(), record.dataset
    differing = [
        f"{getattr(here, name):,} {name.replace('_', ' ')} and not {getattr(there, name):,}"
        for name in counts
        if getattr(here, name) != getattr(there, name)
    ]
    raise DataError(
        f"{data.name} is not the data of the stored run: source {data.source} "
        f"({', '.join(map(str, data.files)) or 'no file'}) gives "
        f"{', '.join(differing) or 'as many sessions and clicks, but other bytes or steps'}.",
        remedy="Give the files and the preparation that it had: another --data-root, or the "
        "dataset's own file as --dataset.",
    )


def _differences(stored: dict[str, Any], here: dict[str, Any]) -> Iterator[str]:
    before, now = flat(stored), flat(here)
    for name in MACHINE:
        if name in before and before[name] != now.get(name):
            words = name.removeprefix("packages.").replace(".", " ")
            yield f"{words} {before[name]} (here {now.get(name)})"
