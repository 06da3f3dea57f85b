"""A PostgreSQL server of one's own, in a folder, on a port of loopback."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

NEVER_ROOT = "nobody"
"""PostgreSQL refuses to be run by root."""


def programs() -> Path | None:
    """The folder of the server's programs; Debian does not put them on the path."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return folders[-1] if folders else None


class Server:
    """Started and stopped at will; what it keeps stays."""

    def __init__(self) -> None:
        # Not one of pytest's, which every session closes to other users again.
        self.folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        self._programs = programs()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        if os.getuid() == 0:
            shutil.chown(self.folder, NEVER_ROOT)
        self._run("initdb", "--auth=trust", "--username=bench", "--encoding=UTF8")

    @property
    def url(self) -> str:
        return f"postgresql://bench:secret@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        options = f"-c listen_addresses=127.0.0.1 -c port={self._port} -c unix_socket_directories="
        log = str(self.folder / "log")
        self._run("pg_ctl", "--wait", f"--log={log}", f"--options={options} -c fsync=off", "start")

    def kill(self) -> None:
        """Stop at once, as a crash does."""
        self._run("pg_ctl", "--mode=immediate", "--wait", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        assert self._programs is not None
        command = [str(self._programs / program), f"--pgdata={self.folder / 'data'}", *arguments]
        user = NEVER_ROOT if os.getuid() == 0 else None
        done = subprocess.run(
            command, user=user, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            check=False, env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


@contextmanager
def running_server() -> Iterator[Server]:
    """A server, started; it must run at the end, too, and leaves nothing."""
    server = Server()
    try:
        server.start()
        yield server
        server.kill()
    finally:
        shutil.rmtree(server.folder)


def needs_postgres() -> pytest.MarkDecorator:
    reason = "no PostgreSQL server is installed (Debian: apt-get install postgresql)"
    return pytest.mark.skipif(programs() is None, reason=reason)
