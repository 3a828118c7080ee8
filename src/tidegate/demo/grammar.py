"""Texts from a grammar: each symbol has alternatives, in which {other symbols} stand to be filled in turn."""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

Grammar = Mapping[str, list[str]]
SLOT = re.compile(r"\{([a-z_-]+)\}")


@cache
def grammar_of(language: str) -> Grammar:
    """The grammar of a language of the demo, en or zh."""
    return tomllib.loads((files(__package__) / f"{language}.toml").read_text(encoding="utf-8"))


def write(grammar: Grammar, symbol: str, chance: random.Random) -> str:
    """One text for `symbol`, every slot filled."""
    chosen = chance.choice(grammar[symbol])
    return SLOT.sub(lambda slot: write(grammar, slot[1], chance), chosen)
