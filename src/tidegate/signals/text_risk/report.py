"""The measured half of the text-risk model's card, of the weights that ship, and its reliability drawn.

`python -m tidegate.signals.text_risk.report DATA [PICTURE.svg]` takes minutes, and the extras `train` and
`charts`."""

from __future__ import annotations

import sys
from pathlib import Path

from tidegate.signals.card import card, reliabilities
from tidegate.signals.reliability_chart import write_reliability
from tidegate.signals.text_corpus.corpus import RECIPE, load_corpus, load_recipe
from tidegate.signals.text_corpus.outside import load_outside
from tidegate.signals.text_risk.weights import load_model

if __name__ == "__main__":
    data = Path(sys.argv[1])
    corpus, sources = load_corpus(load_recipe(RECIPE), data)
    model = load_model()
    print(card(model, corpus, sources, load_outside(corpus, data)))
    for picture in sys.argv[2:]:
        write_reliability(reliabilities(model, corpus), Path(picture))
