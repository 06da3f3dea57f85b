"""Work that two processes share."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from srgnn_bench.process import sharing
from srgnn_bench.process.sharing import share


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "available_cores", lambda: 2)


def note(folder: Path, work: int, *, able: int | None = None) -> tuple[int, int]:
    """Which process did a work, of those that can; both have begun one before either ends it."""
    (folder / str(os.getpid())).touch()
    end = time.monotonic() + 60
    while len(list(folder.iterdir())) < 2 and time.monotonic() < end:
        time.sleep(0.01)
    if able not in (None, os.getpid()):
        raise RuntimeError("not here")
    return work, os.getpid()


def test_both_take_part_and_the_results_stand_in_their_order(tmp_path: Path) -> None:
    found = share(range(8), partial(note, tmp_path), processes=2)
    assert [work for work, _ in found] == list(range(8))
    assert len({process for _, process in found}) == 2
    assert os.getpid() in {process for _, process in found}


def test_what_the_other_cannot_do_is_done_here(tmp_path: Path) -> None:
    here = os.getpid()
    found = share(range(8), partial(note, tmp_path, able=here), processes=2)
    assert len(list(tmp_path.iterdir())) == 2
    assert found == [(work, here) for work in range(8)]


def test_what_cannot_be_done_at_all_is_said_here(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="not here"):
        share(range(3), partial(note, tmp_path, able=0), processes=2)


@pytest.mark.parametrize("works", [range(3), range(1), range(0)])
def test_one_process_alone_asks_for_no_other(works: range, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(sharing, "subprocess")
    assert share(works, abs, processes=1) == list(works)


def linger(folder: Path, work: int) -> None:
    """A long work, which holds a lock of its process until its end."""
    with (folder / str(os.getpid())).open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        (folder / f"begun{work}").touch()
        time.sleep(30)
        (folder / f"ended{work}").touch()


def test_the_second_ends_with_the_first(tmp_path: Path) -> None:
    code = (
        "import sys; from functools import partial; from pathlib import Path\n"
        "from test_sharing import linger, sharing\n"
        "sharing.available_cores = lambda: 2\n"
        "sharing.share(range(2), partial(linger, Path(sys.argv[1])), processes=2)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen([sys.executable, "-c", code, tmp_path], env=environment) as first:
        while len(list(tmp_path.glob("begun*"))) < 2:
            assert first.poll() is None
            time.sleep(0.05)
        first.kill()
    (second,) = (path for path in tmp_path.glob("[0-9]*") if path.name != str(first.pid))
    with second.open() as freed:
        fcntl.flock(freed, fcntl.LOCK_EX)  # waits for the second's end
    assert not list(tmp_path.glob("ended*"))
