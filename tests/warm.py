"""Commands that need not import everything anew: each is a fork of one process that has imported it.

`tidegate` spends more of a small command on imports than on the command. A `Warm` process imports once and
forks for every command that it is asked for. What runs is the command itself, in a process, working folder,
environment and standard streams of its own; only what is tested by ending processes, or by their start, needs
`python -m tidegate.cli.main`.

The process is this file; it reads only what Python brings, so that the command in `Warm.shim` starts fast.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ENGINE = (
    "tidegate.runs.demo",
    "tidegate.runs.measuring",
    "tidegate.runs.policies",
    "tidegate.runs.tuning",
    "tidegate.cli.show",
    "sqlglot.dialects.duckdb",
    "tidegate.signals.language:byte_model",  # kept packed: half a second
)
"""What commands on files import, and load."""
SERVER = (
    "django:setup",
    "tidegate.server.content.actions",
    "tidegate.server.launches.actions",
    "tidegate.server.people.persons",
    "tidegate.server.delivery.sending",
    "django.core.management.commands.migrate",
)
"""What commands of the service import; where TIDEGATE_WORKSPACE names one."""
LONGEST = 1 << 20


class Warm:
    """Where commands are asked for; the process begins with the first of them."""

    def __init__(self, *modules: str, environment: Mapping[str, str] | None = None) -> None:
        self._modules, self._environment = modules, dict(environment or os.environ)
        self._folder = Path(tempfile.mkdtemp(prefix="warm-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    @property
    def address(self) -> Path:
        """The socket on which commands are asked for."""
        with self._lock:
            if self._process is None:
                command = [sys.executable, "-P", __file__, str(self._folder / "socket"), *self._modules]
                self._process = subprocess.Popen(
                    command, env=self._environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
                )
                assert self._process.stdout is not None
                assert self._process.stdout.readline() == b"ready\n"
        return self._folder / "socket"

    def run(
        self,
        *arguments: str,
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
    ) -> subprocess.CompletedProcess[bytes]:
        """What `tidegate` with these arguments does; what Python does, of `-c` and a program."""
        with (
            tempfile.TemporaryFile() as given,
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as err,
        ):
            given.write(stdin or b"")
            given.seek(0)
            streams = [given.fileno(), out.fileno(), err.fileno()]
            status = ask(self.address, arguments, cwd or Path.cwd(), environment or os.environ, streams)
            out.seek(0)
            err.seek(0)
            return subprocess.CompletedProcess(arguments, status, out.read(), err.read())

    def shim(self, folder: Path) -> Path:
        """A command `tidegate` in this folder, for shells."""
        path = folder / "tidegate"
        path.write_text(
            f"#!{sys.executable} -IS\n"
            f"import os, sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import warm\n"
            f"sys.exit(warm.ask({str(self.address)!r}, sys.argv[1:], os.getcwd(), os.environ, [0, 1, 2]))\n"
        )
        path.chmod(0o755)
        return path

    def close(self) -> None:
        if self._process is not None:
            self._process.communicate()  # that nobody writes to it any more is what ends it
        shutil.rmtree(self._folder)


def ask(
    address: Path | str,
    arguments: Any,
    cwd: Path | str,
    environment: Mapping[str, str],
    streams: list[int],
) -> int:
    """Have a command run with these streams; returns its status, negative where a signal ended it."""
    asked = json.dumps({"arguments": list(arguments), "cwd": str(cwd), "environment": dict(environment)})
    with socket.socket(socket.AF_UNIX) as there:
        there.connect(str(address))
        socket.send_fds(there, [asked.encode() + b"\n"], streams)
        return int(there.makefile().readline())


def serve(address: str, modules: list[str]) -> None:
    """Import these, then fork for whoever asks, until nobody holds the other end of standard input."""
    for name in modules:
        module, _, function = name.partition(":")
        imported = importlib.import_module(module)
        if function:
            getattr(imported, function)()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is meant for the tests; that they end ends this
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(64)
        os.write(1, b"ready\n")
        while True:
            ready, _, _ = select.select([listener, 0], [], [])
            if 0 in ready:
                return
            connection, _ = listener.accept()
            if os.fork() == 0:
                answer(connection)
            connection.close()
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG) != (0, 0):
                    pass


def answer(connection: socket.socket) -> None:
    """Be the command that is asked for, in a fork of this fork, and tell with which status it ended."""
    data, streams, _, _ = socket.recv_fds(connection, LONGEST, 3)
    while not data.endswith(b"\n"):
        data += connection.recv(LONGEST)
    asked = json.loads(data)
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
        os._exit(0)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = ["tidegate", *asked["arguments"]]
    if sys.argv[1:2] == ["-c"]:
        exec(sys.argv[2], {"__name__": "__main__"})
        sys.exit()
    from tidegate.cli.main import main

    main()  # leaves by SystemExit, through all above, as any command does


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2:])
