"""The section of tidegate.toml that sets up a judge, checked key by key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from tidegate.errors import SignalError, Where
from tidegate.names import nearest, quoted

CONFIDENCES = ("tokens", "samples", "none")
LEAST_SIMILARITY = 0.5
BASE_TOKENS, TOKENS_PER_POLICY = 300, 150


@dataclass(frozen=True)
class Settings:
    """See docs/judge.md. Seconds, US dollars (prices: for a million tokens), tokens; 0 is no limit of a
    budget."""

    base_url: str
    model: str
    policies: tuple[str, ...] = ()
    language: str = "en"
    label: str = ""
    prompt: str = ""
    key_env: str = ""
    structured: bool = True
    confidence: str = "tokens"
    samples: int = 5
    max_tokens: int = 0
    context_tokens: int = 0
    longest: int = 20_000
    concurrency: int = 8
    deadline_s: float = 60.0
    tries: int = 3
    pause_after: int = 5
    pause_s: float = 10.0
    price_in: float = 0.0
    price_out: float = 0.0
    money_per_day: float = 0.0
    tokens_per_day: int = 0
    store: str = "judge.sqlite"
    keep_days: int = 30
    near_duplicates: float = 0.0
    images: bool = False
    calibration: str = ""

    def answer_tokens(self, policies: int) -> int:
        """The longest answer that is asked for."""
        return self.max_tokens or BASE_TOKENS + TOKENS_PER_POLICY * policies

    def price(self, tokens_in: int, tokens_out: int) -> float:
        """US dollars for so many tokens read and written."""
        return (tokens_in * self.price_in + tokens_out * self.price_out) / 1e6


KEYS = tuple(field.name for field in fields(Settings))
NEEDED = ("base_url", "model")
PRICES = ("price_in", "price_out")
LEAST = {"samples": 0, "max_tokens": 0, "pause_s": 0, "price_in": 0, "price_out": 0, "near_duplicates": 0}
LEAST |= {
    "context_tokens": 0,
    "longest": 1,
    "money_per_day": 0,
    "tokens_per_day": 0,
    "concurrency": 1,
    "tries": 1,
    "pause_after": 1,
    "keep_days": 1,
}
MOST = {"near_duplicates": 1, "concurrency": 256, "tries": 20, "samples": 100}


def read_settings(section: Mapping[str, object], where: Where) -> Settings:
    """The settings of a section.

    Raises:
        SignalError: a key is unknown or missing, or its value of the wrong type or out of range.
    """
    values: dict[str, object] = {}
    for key, value in section.items():
        if key not in KEYS:
            raise _wrong(
                where, key, f"a judge has no setting '{key}'", f"{nearest(key, KEYS)}See docs/judge.md."
            )
        values[key] = _value(key, value, where)
    for key in NEEDED:
        if not values.get(key):
            raise _wrong(where, key, f"a judge needs '{key}'", f'Write {key} = "…".')
    settings = Settings(**values)  # type: ignore[arg-type]
    if settings.confidence not in CONFIDENCES:
        raise _wrong(
            where,
            "confidence",
            f"{quoted(settings.confidence)} is no source of confidence",
            f"{nearest(settings.confidence, CONFIDENCES)}Write one of {', '.join(CONFIDENCES)}.",
        )
    if 0 < settings.near_duplicates <= LEAST_SIMILARITY:
        raise _wrong(
            where,
            "near_duplicates",
            f"items that share {settings.near_duplicates:g} of their pieces are not near duplicates",
            "Write near_duplicates = 0.9, say, or leave it out.",
        )
    if not settings.base_url.startswith(("http://", "https://")):
        raise _wrong(
            where, "base_url", "this is no address", 'Write base_url = "http://127.0.0.1:8080/v1", say.'
        )
    if settings.money_per_day:
        _check_prices(settings, section, where)
    return settings


def _check_prices(settings: Settings, section: Mapping[str, object], where: Where) -> None:
    """Without both prices a budget in money would never bind, or too late."""
    missing = [key for key in PRICES if key not in section]
    if missing or not (settings.price_in or settings.price_out):
        raise _wrong(
            where,
            "money_per_day",
            f"a budget in money needs prices, and {' and '.join(missing) or 'both'} "
            f"{'are' if len(missing) != 1 else 'is'} {'not there' if missing else '0'}",
            "Write price_in = … and price_out = …, in US dollars for a million tokens read and written; "
            "or tokens_per_day in its place.",
        )


def _value(key: str, value: object, where: Where) -> object:
    default = next(field.default for field in fields(Settings) if field.name == key)
    if key == "policies":
        if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
            return tuple(dict.fromkeys(value))
        raise _wrong(
            where, key, "this must be a list of policies", 'Write policies = ["hateful-behaviour"], say.'
        )
    if isinstance(default, bool):
        if isinstance(value, bool):
            return value
        raise _wrong(where, key, f"'{key}' must be true or false", f"Write {key} = true, or false.")
    if isinstance(default, int | float):
        return _number(key, value, default, where)
    if isinstance(value, str) and value.strip():
        return value.strip()
    raise _wrong(where, key, f"'{key}' must be text", f'Write {key} = "…".')


def _number(key: str, value: object, default: float, where: Where) -> float:
    whole = isinstance(default, int)
    fits = isinstance(value, int) if whole else isinstance(value, int | float)
    if isinstance(value, bool) or not fits:
        kind = "a whole number" if whole else "a number"
        raise _wrong(where, key, f"'{key}' must be {kind}", f"Write {key} = {default:g}, say.")
    assert isinstance(value, int | float)
    least, most = LEAST.get(key), MOST.get(key)
    if (
        (least is None and value <= 0)
        or (least is not None and value < least)
        or (most is not None and value > most)
    ):
        above = f"at least {least}" if least is not None else "above 0"
        below = f" and at most {most}" if most is not None else ""
        raise _wrong(
            where, key, f"'{key}' must be {above}{below}, not {value:g}", f"Write {key} = {default:g}, say."
        )
    return value if whole else float(value)


def _wrong(where: Where, key: str, what: str, remedy: str) -> SignalError:
    return SignalError(what, where=Where(where.file, field=f"{where.field}.{key}"), remedy=remedy)
