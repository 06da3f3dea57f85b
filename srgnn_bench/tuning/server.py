"""Studies in a PostgreSQL database, which coordinators on several machines share.

A study's trials are a chain, so several coordinators at one study would only wait for each other.
Each study is therefore leased to one of them at a time: an advisory lock of the database, which
lasts as long as the connection that took it. A coordinator that dies, or whose machine or network
does, loses it within a minute (keepalives are the heartbeat); the next one to ask finds every
trial that has ended, and makes the one that was under way again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import optuna
import sqlalchemy
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from srgnn_bench.errors import SpecError, StoreError
from srgnn_bench.store.keys import seed_from

# Seconds until a peer that no longer answers is given up: idle + interval * count.
KEEPALIVE = {"idle": 30, "interval": 10, "count": 3}

SCHEMA = "the tables of Optuna"


class Taken(Exception):  # noqa: N818 - nothing is wrong
    """Another coordinator has the study."""


class StudyServer:
    """A PostgreSQL database of studies.

    Args:
        url: where it is, such as ``postgresql://user:password@host/database``.

    Raises:
        SpecError: it is no PostgreSQL URL.
        StoreError: the server cannot be reached, or the driver is not installed.
    """

    def __init__(self, url: str) -> None:
        try:
            parsed = sqlalchemy.make_url(url)
        except ArgumentError as error:
            raise SpecError(
                "The address of the studies is no URL.",
                remedy="Write it as postgresql://user:password@host/database.",
            ) from error
        if parsed.get_backend_name() != "postgresql":
            raise SpecError(
                f"Studies cannot be shared in {parsed.get_backend_name()}.",
                remedy="Use PostgreSQL, or leave --studies out: each study is then a file.",
            )
        self._url = parsed.set(drivername="postgresql+psycopg")
        self._arguments = {
            "connect_timeout": 10,
            **{f"keepalives_{name}": value for name, value in KEEPALIVE.items()},
            "options": " ".join(f"-c tcp_keepalives_{n}={v}" for n, v in KEEPALIVE.items()),
        }
        with self.errors():
            self._engine = sqlalchemy.create_engine(
                self._url,
                isolation_level="AUTOCOMMIT",
                poolclass=sqlalchemy.NullPool,
                connect_args=self._arguments,
            )
            with self._engine.connect() as connection:
                # Two coordinators that start together must not both make the tables.
                _ask(connection, "pg_advisory_lock", SCHEMA)
                self.storage = optuna.storages.RDBStorage(
                    self._url.render_as_string(hide_password=False),
                    engine_kwargs={"connect_args": self._arguments},
                )

    def __str__(self) -> str:
        return self._url.render_as_string(hide_password=True)

    @contextlib.contextmanager
    def lease(self, study: str) -> Iterator[Lease]:
        """Have a study to oneself.

        Args:
            study: its key.

        Raises:
            Taken: another coordinator has it.
            StoreError: the server cannot be reached, or was lost in the block.
        """
        with self.errors(), self._engine.connect() as connection:
            if not _ask(connection, "pg_try_advisory_lock", study):
                raise Taken
            yield Lease(connection)

    def forget(self, study: str, *, name: str) -> None:
        """Delete a study, if it is there.

        Raises:
            StoreError: another coordinator is at it.
        """
        try:
            with self.lease(study), contextlib.suppress(KeyError):
                optuna.delete_study(study_name=name, storage=self.storage)
        except Taken as error:
            raise StoreError(
                f"Another coordinator is at the study {name}.",
                remedy="Wait for it or stop it, then call again.",
            ) from error

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """Turn the errors of a database that is not there into one that says what to do."""
        try:
            yield
        except ModuleNotFoundError as error:
            raise StoreError(
                f"Studies in PostgreSQL need a driver ({error}).",
                remedy="Install it with: pip install 'srgnn-bench[distributed]'.",
            ) from error
        except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
            cause = error.__cause__ or error
            reason = " ".join(str(getattr(cause, "orig", cause) or cause).split())
            raise StoreError(
                f"The database of the studies, {self}, cannot be used ({reason}).",
                remedy="Start it, then call again: every trial that has ended is kept.",
            ) from error


class Lease:
    """A study that one has to oneself while the connection lasts."""

    def __init__(self, connection: sqlalchemy.Connection) -> None:
        self._connection = connection

    def check(self) -> None:
        """Raise a database error where the connection, and so the lease, is lost."""
        self._connection.execute(sqlalchemy.text("SELECT 1"))


def _ask(connection: sqlalchemy.Connection, function: str, subject: str) -> bool | None:
    """Call a function on the advisory lock of a subject."""
    number = seed_from("lock", subject) << 31 | seed_from(subject, "lock") >> 1  # a bigint
    answer: bool | None = connection.execute(
        sqlalchemy.text(f"SELECT {function}(:number)"), {"number": number}
    ).scalar()
    return answer
