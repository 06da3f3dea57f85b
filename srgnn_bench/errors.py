"""One family of errors. Each says what is wrong, where, and what to do about it.

The command line prints these as one line; a traceback is reserved for defects of ours.
"""

from __future__ import annotations


class BenchError(Exception):
    """Base of every error that srgnn_bench raises on purpose.

    Args:
        problem: what is wrong and where (the file, the row, the key).
        remedy: what the reader can do about it.
    """

    def __init__(self, problem: str, *, remedy: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy

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
