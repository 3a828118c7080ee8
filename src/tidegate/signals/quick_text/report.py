"""The measured half of the quick model's card, of the weights that ship.

`python -m tidegate.signals.quick_text.report DATA` takes half a minute, and the extra `train`."""

from __future__ import annotations

import sys
from pathlib import Path

from tidegate.signals.card import card
from tidegate.signals.quick_text.model import load_model
from tidegate.signals.text_corpus.corpus import RECIPE, load_corpus, load_recipe
from tidegate.signals.text_corpus.outside import load_outside

if __name__ == "__main__":
    data = Path(sys.argv[1])
    corpus, sources = load_corpus(load_recipe(RECIPE), data)
    model = load_model()
    print(card(model, corpus, sources, load_outside(corpus, data)))
