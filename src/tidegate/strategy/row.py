"""The row evaluator: a strategy as one Python function, generated once and run per event.

Inside the function a NULL number is NaN, of which every comparison is false, just as no comparison with
NULL is TRUE; so a threshold costs one comparison and nothing else. A NULL text or boolean is None.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from tidegate.strategy import runtime
from tidegate.strategy.border import clean_value
from tidegate.strategy.model import Rule, Strategy
from tidegate.strategy.python_code import Writer
from tidegate.tables import SignalType

Clean = float | str | bool | None


@dataclass(frozen=True)
class RowEvaluator:
    """A compiled strategy.

    Calling it with a mapping from signal names to values gives the `Rule` that decides; a missing key is
    NULL, and so are NaN and infinities. Values are trusted to be of their signals' types; what cannot be
    read is a TypeError. `explained` gives the values that were read on the way as well. `decide` is the
    fastest form: a tuple in the order of `signals` of values that are border-clean already (`clean` makes
    one).

    `source` is the Python that was generated.
    """

    signals: tuple[str, ...]
    decide: Callable[[tuple[Clean, ...]], Rule]
    explained: Callable[[Mapping[str, object]], tuple[Rule, dict[str, Clean]]]
    from_mapping: Callable[[Mapping[str, object]], Rule]
    types: tuple[SignalType, ...]
    source: str

    def __call__(self, values: Mapping[str, object]) -> Rule:
        return self.from_mapping(values)

    def clean(self, values: Mapping[str, object]) -> tuple[Clean, ...]:
        """The values in the order of `signals`, as `decide` takes them.

        Raises:
            TypeError: a value is of another type than its signal.
        """
        pairs = zip(self.signals, self.types, strict=True)
        return tuple(clean_value(values.get(name), kind) for name, kind in pairs)


@lru_cache(maxsize=64)
def compile_row(strategy: Strategy) -> RowEvaluator:
    """Generate and compile the Python functions of a strategy."""
    writer = Writer(strategy)
    source = "\n\n".join(
        (
            _function(writer, "decide", positional=True),
            _function(writer, "from_mapping"),
            _function(writer, "explained", explained=True),
        )
    )

    def cleaned(values: Mapping[str, object]) -> dict[str, Clean]:
        return {name: clean_value(values.get(name), kind) for name, kind in strategy.types.items()}

    namespace: dict[str, object] = {**runtime.NAMES, **writer.constants, "cleaned": cleaned}
    namespace |= {f"r{index}": rule for index, rule in enumerate(strategy.rules)}
    exec(compile(source, f"<strategy {strategy.name}>", "exec"), namespace)
    return RowEvaluator(
        signals=tuple(strategy.types),
        types=tuple(strategy.types.values()),
        source=source,
        **{name: namespace[name] for name in ("decide", "from_mapping", "explained")},  # type: ignore[arg-type]
    )


def _function(writer: Writer, name: str, *, positional: bool = False, explained: bool = False) -> str:
    """One function that tries the rules in order, each signal loaded just before the first that reads it.

    Over a mapping, what a plain value would not do (a missing key, another type) raises on the way; the
    function then starts again with clean values.
    """
    lines = []
    if positional and writer.locals:
        lines.append(f"{', '.join(writer.locals.values())}, = values")
    if writer.memos:
        lines.append(f"{' = '.join(writer.memos.values())} = unset")
    loaded: list[str] = []
    for index, (reads, bounded, test) in enumerate(writer.rules):
        for signal in reads:
            if signal not in loaded:
                loaded.append(signal)
                lines += writer.load(signal, positional=positional)
        lines += bounded
        leave = f"return r{index}"
        if explained:
            leave += ", {" + ", ".join(f"{signal!r}: {writer.recorded(signal)}" for signal in loaded) + "}"
        lines.append(f"if {test}: {leave}" if test is not None else leave)
    if positional:
        return "\n    ".join([f"def {name}(values):", *lines])
    again = ["    except (AttributeError, KeyError, TypeError):", f"        return {name}(cleaned(values))"]
    checked = "\n        ".join(["    try:", *lines])
    return "\n".join([f"def {name}(values):", checked, *again])
