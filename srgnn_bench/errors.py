"""One family of errors. Each says what is wrong, where, and what to do about it.

The command line prints these as one line; a traceback is reserved for defects of ours.
"""

from __future__ import annotations

import sys
from types import TracebackType
from typing import NoReturn

from srgnn_bench.plain_text import one_line


class BenchError(Exception):
    """Base of every error that srgnn_bench raises on purpose.

    Args:
        problem: what is wrong and where (the file, the row, the key).
        remedy: what the reader can do about it.
    """

    def __init__(self, problem: str, *, remedy: str) -> None:
        super().__init__(one_line(problem))
        self.problem = one_line(problem)
        self.remedy = one_line(remedy)

    def __str__(self) -> str:
        return f"{self.problem} {self.remedy}"

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.problem, self.remedy))


def _rebuild(kind: type[BenchError], problem: str, remedy: str) -> BenchError:
    """Unpickle an error: its remedy is keyword-only, which pickle cannot express."""
    return kind(problem, remedy=remedy)


class SpecError(BenchError):
    """A suite, dataset or model specification that cannot be used."""


class DataError(BenchError):
    """Session data that is missing, malformed or too small to split."""


class ModelError(BenchError):
    """A model that cannot be built, trained or scored."""


class StoreError(BenchError):
    """A results folder that cannot be read or written, or holds a damaged record."""


class ClusterError(BenchError):
    """Workers that cannot be started or reached, or that see other data or other code."""


class DeviceError(BenchError):
    """A device that does not exist here, or cannot be used as it is asked for."""


class MissingRecBoleError(BenchError, ImportError):
    """RecBole is not installed. Every installation of this package brings it along."""


USERS_MISTAKE = 2
"""Exit code of a command that cannot do what it is asked to, for a reason that it says."""


def refuse_without_recbole() -> NoReturn:
    """End an import of this package; and a command that needs the import with one line.

    Raises:
        MissingRecBoleError: always.
    """
    others = sys.excepthook

    def in_one_line(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if not isinstance(error, MissingRecBoleError):
            others(kind, error, trace)
            return
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(USERS_MISTAKE)

    # Commands begin with this import, so nothing of ours is above it that could catch the error.
    sys.excepthook = in_one_line
    recbole = "recbole==1.2.0" if sys.version_info >= (3, 12) else "recbole==1.2.1"
    raise MissingRecBoleError("RecBole is not installed.", remedy=f"Run: pip install {recbole}")
