"""Studies in a PostgreSQL database, which coordinators on several machines share.

The database keeps the same lines as a study's file, one row each by its place, and the lease.

A study's trials are a chain, so several coordinators at one study would only wait for each other.
Each study is therefore leased to one of them at a time: an advisory lock of the database, which
lasts as long as the connection that took it. A coordinator that dies, or whose machine or network
does, loses it within a minute (keepalives are the heartbeat); the next one to ask finds every trial
that has ended, and makes the one that was under way again.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from srgnn_bench.errors import SpecError, StoreError
from srgnn_bench.store.folder import parse_sealed, sealed_line
from srgnn_bench.store.keys import seed_from
from srgnn_bench.store.study import Trial

if TYPE_CHECKING:
    import psycopg

# Seconds until a peer that no longer answers is given up: idle + interval * count.
KEEPALIVE = {"idle": 30, "interval": 10, "count": 3}

SCHEMA = "the table of trials"

TABLE = """
CREATE TABLE IF NOT EXISTS srgnn_bench_trials (
    study text NOT NULL,
    number integer NOT NULL,
    line text NOT NULL,
    PRIMARY KEY (study, number)
)
"""


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
            import psycopg
        except ImportError as error:
            raise StoreError(
                f"Studies in PostgreSQL need a driver ({error}).",
                remedy="Install it with: pip install 'srgnn-bench[distributed]'.",
            ) from error
        remedy = "Write it as postgresql://user:password@host/database."
        if not url.startswith(("postgresql://", "postgres://")):
            raise SpecError("The address of the studies is no URL of PostgreSQL.", remedy=remedy)
        # Of a URL that is not quite one, any part may be the password: none of it is told.
        broken = SpecError(
            "The address of the studies cannot be read as a URL.",
            remedy=f"{remedy} Signs such as @, / and % in a password are written as %40, %2F, %25.",
        )
        if not _URL.fullmatch(url):
            raise broken
        try:
            self._place: dict[str, Any] = psycopg.conninfo.conninfo_to_dict(url)
        except (psycopg.Error, UnicodeDecodeError):  # the latter of a %A1, which is no UTF-8
            raise broken from None
        self._secrets = _secrets(url, self._place)
        with self.errors(), self._connected() as connection:
            # Two coordinators that start together must not both make the table.
            _ask(connection, "pg_advisory_lock", SCHEMA)
            connection.execute(TABLE)

    def __str__(self) -> str:
        shown = (f"{name}={self._place[name]}" for name in _SHOWN if name in self._place)
        return self._without_secrets(" ".join(shown)) or "PostgreSQL's default"

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    @contextlib.contextmanager
    def lease(self, study: str) -> Iterator[Lease]:
        """Have a study to oneself.

        Args:
            study: its key.

        Raises:
            Taken: another coordinator has it.
            StoreError: the server cannot be reached, or was lost in the block.
        """
        with self.errors(), self._connected() as connection:
            if not _ask(connection, "pg_try_advisory_lock", study):
                raise Taken
            yield Lease(connection, study)

    def forget(self, study: str) -> None:
        """Delete a study, if it is there.

        Raises:
            StoreError: another coordinator is at it.
        """
        try:
            with self.lease(study) as lease:
                lease.forget()
        except Taken as error:
            raise StoreError(
                f"Another coordinator is at the study {study[:12]}.",
                remedy="Wait for it or stop it, then call again.",
            ) from error

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """Turn the errors of a database that is not there into one that says what to do."""
        import psycopg

        try:
            yield
        except psycopg.Error as error:
            raise StoreError(
                f"The database of the studies ({self}) cannot be used "
                f"({self._without_secrets(' '.join(str(error).split()))}).",
                remedy="Start it, then call again: every trial that has ended is kept.",
            ) from error

    def _connected(self) -> psycopg.Connection[Any]:
        import psycopg

        keepalive = {f"keepalives_{name}": value for name, value in KEEPALIVE.items()}
        options = " ".join(f"-c tcp_keepalives_{n}={v}" for n, v in KEEPALIVE.items())
        arguments = {"connect_timeout": 10, **keepalive, **self._place, "options": options}
        return psycopg.connect(**arguments, autocommit=True)


_SHOWN = ("host", "port", "dbname", "user")
"""What may be told of an address."""

_PART = r"(?:[^@:/?#\[\]\s%]|%[0-9a-fA-F]{2})*"
_PORT = r"(?::[0-9]{1,5})?"
_HOST = rf"(?:\[[0-9a-fA-F:.]+\]|{_PART}){_PORT}"
_URL = re.compile(
    rf"postgres(?:ql)?://(?:{_PART}(?::(?:{_PART}|:)*)?@)?{_HOST}(?:,{_HOST})*"
    rf"(?:/{_PART})?(?:\?(?:[^@#\s%]|%[0-9a-fA-F]{{2}})*)?"
)
"""A URL in which a sign that separates its parts stands in none of them."""


def _secrets(url: str, place: dict[str, Any]) -> list[str]:
    """What must not be told of an address, the longest first.

    Without an ``@``, what follows the colon may be a password of digits, and not a port.
    """
    authority = url.partition("://")[2].partition("?")[0].partition("/")[0]
    user, at, _ = authority.rpartition("@")
    found = {user.partition(":")[2] if at else authority.partition(":")[2]}
    found |= {str(place[name]) for name in ("password", "sslpassword") if place.get(name)}
    found |= {unquote(secret) for secret in found}
    return sorted(filter(None, found), key=len, reverse=True)


class Lease:
    """A study that one has to oneself while the connection lasts; without it, nothing is kept.

    Args:
        connection: the one that holds the lease.
        study: key of the study.
    """

    def __init__(self, connection: psycopg.Connection[Any], study: str) -> None:
        self._connection = connection
        self._study = study

    def trials(self) -> list[Trial]:
        """The trials that have ended, in their order.

        Raises:
            StoreError: a line is damaged.
        """
        rows = self._connection.execute(
            "SELECT line FROM srgnn_bench_trials WHERE study = %s ORDER BY number", [self._study]
        ).fetchall()
        table = Path("srgnn_bench_trials")
        remedy = f"Delete the rows of study {self._study} there: its trials are made again."
        return [
            parse_sealed(line, Trial, path=table, remedy=remedy, line=f"row {number}: ")
            for number, (line,) in enumerate(rows)
        ]

    def keep(self, trial: Trial) -> None:
        """Store a trial after those that are there: a finalist has the number of its trial."""
        self._connection.execute(
            "INSERT INTO srgnn_bench_trials (study, number, line)"
            " SELECT %s, count(*), %s FROM srgnn_bench_trials WHERE study = %s",
            [self._study, sealed_line(trial), self._study],
        )

    def forget(self) -> None:
        """Delete the study's trials."""
        self._connection.execute("DELETE FROM srgnn_bench_trials WHERE study = %s", [self._study])


def _ask(connection: psycopg.Connection[Any], function: str, subject: str) -> bool | None:
    """Call a function on the advisory lock of a subject."""
    number = seed_from("lock", subject) << 31 | seed_from(subject, "lock") >> 1  # a bigint
    answer = connection.execute(f"SELECT {function}(%s)", [number]).fetchone()
    return None if answer is None else bool(answer[0])
