"""A folder served over HTTP on a port of loopback, as a site of datasets serves its files."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, *args: Any) -> None:
        """Nothing on the screen."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, *args: Any) -> None:
        """Nothing on the screen, either, where a client is gone."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of the folder, while it is served; its last character is a slash."""
    with _Server(("127.0.0.1", 0), partial(_Handler, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
