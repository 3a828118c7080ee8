"""`python -m tidegate.signals.text_risk.finetune DATA OUT [START]`: weights from the encoder and the recipe;
with START, a file of weights, only the recipe's later stages, from where those weights are.

The later stages take an hour on two cores that multiply in half precision; all of them a day, or minutes on a
GPU.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tidegate.signals.text_risk.finetune.make import make

if __name__ == "__main__":
    data, out, *start = map(Path, sys.argv[1:])
    make(
        data,
        out,
        start=start[0] if start else None,
        report=lambda line: print(line, file=sys.stderr, flush=True),
    )
