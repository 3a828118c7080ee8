"""`python -m tidegate.signals.text_risk.finetune DATA OUT`: the shipped weights, from the encoder and the
recipe.

On a CPU this takes a day; the first stage of ours ran on a GPU.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tidegate.signals.text_risk.finetune.make import make

if __name__ == "__main__":
    make(Path(sys.argv[1]), Path(sys.argv[2]), report=lambda line: print(line, file=sys.stderr, flush=True))
