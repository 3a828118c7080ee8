"""Which detectors a workspace has: the built-in ones by name, and its own by `use =
"package.module:factory"`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

import polars as pl

from tidegate.errors import SignalError, Where
from tidegate.names import nearest
from tidegate.policy.folder import PolicyFolder
from tidegate.signals.detector import Detector
from tidegate.tables import ITEM_SIGNALS, RESERVED_FIELDS, Catalog, DetectorSpec, SignalStatus

CONFIG = "tidegate.toml"
TIMEOUT = "timeout_s"
"""A setting of any detector, kept from its factory: seconds that a batch may take."""

Settings = Mapping[str, object]


@dataclass(frozen=True)
class Place:
    """What a built-in detector may need to know: its name and settings, the folder that paths are relative
    to, where policies lie, and whether a pause of its server is waited out."""

    name: str
    settings: Settings
    base: Path
    policies: PolicyFolder
    patient: bool = True

    @property
    def where(self) -> Where:
        return Where(self.base / CONFIG, field=f"detectors.{self.name}")

    def path(self, setting: str, otherwise: Path) -> Path:
        named = self.settings.get(setting)
        return otherwise if named is None else self.base / str(named)


def _text(place: Place) -> Detector:
    from tidegate.signals.text_risk.detector import TextRisk
    from tidegate.signals.text_risk.weights import WEIGHTS, load_model

    return TextRisk(load_model(place.path("weights", WEIGHTS)), place.name)


def _quick(place: Place) -> Detector:
    from tidegate.signals.quick_text.detector import QuickText
    from tidegate.signals.quick_text.model import WEIGHTS, load_model

    return QuickText(load_model(place.path("weights", WEIGHTS)), place.name)


def _language(_: Place) -> Detector:
    from tidegate.signals.language import LanguageDetector

    return LanguageDetector()


def _lexicon(place: Place) -> Detector:
    from tidegate.signals.lexicon import LexiconDetector, load_lexicon

    return LexiconDetector(load_lexicon(_paths(place.settings, place.base)))


def _evasion(_: Place) -> Detector:
    from tidegate.signals.evasion import EvasionDetector

    return EvasionDetector()


def _author(_: Place) -> Detector:
    from tidegate.signals.author import AuthorDetector

    return AuthorDetector()


def _judge(place: Place) -> Detector:
    from tidegate.signals.judge.build import build_judge

    return build_judge(
        place.name, place.settings, place.base, place.policies, place.where, patient=place.patient
    )


BUILT_IN: Mapping[str, tuple[Callable[[Place], Detector], frozenset[str] | None]] = {
    "quick": (_quick, frozenset({"weights"})),
    "text": (_text, frozenset({"weights"})),
    "language": (_language, frozenset()),
    "lexicon": (_lexicon, frozenset({"lists"})),
    "evasion": (_evasion, frozenset()),
    "author": (_author, frozenset()),
    "judge": (_judge, None),
}
"""Each built-in detector: how it is set up, and the settings that it takes; None where it checks them
itself."""

RENAMED = frozenset({"quick", "text", "judge"})
"""Which can be had under another name as well, with `use = "judge"`: to compare two weights, or two
models."""


def build_detectors(
    settings: Mapping[str, Settings],
    base: Path,
    policies: PolicyFolder | None = None,
    *,
    patient: bool = True,
) -> dict[str, Detector]:
    """The detectors named under `[detectors]`, in that order; paths in their settings are relative to `base`.

    `policies` is where a judge reads them, by default the folder `policies` of `base`; `patient` is for jobs,
    in which a judge without `timeout_s` waits out a pause of its server, and not for a service. A built-in
    detector is imported only when it is named. One of your own is called as `factory(settings)`, with its
    section less `use`.

    Raises:
        SignalError: an unknown detector or setting, a factory that cannot be found or called, or a
            detector whose spec does not carry its name.
    """
    there = policies or PolicyFolder(base / "policies")
    own = {
        name: {key: value for key, value in section.items() if key != TIMEOUT}
        for name, section in settings.items()
    }
    # A batch that has a limit of its own would be lost whole while it waits.
    patience = {name: patient and TIMEOUT not in section for name, section in settings.items()}
    return {name: _build(Place(name, section, base, there, patience[name])) for name, section in own.items()}


def timeouts_of(settings: Mapping[str, Settings], base: Path) -> dict[str, float]:
    """Seconds that a batch may take, for the detectors that have such a limit.

    Raises:
        SignalError: a limit is not a number above 0.
    """
    found = {}
    for name, section in settings.items():
        seconds = section.get(TIMEOUT)
        if seconds is None:
            continue
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds > 0:
            raise SignalError(
                f"{seconds!r} is no time that a batch may take",
                where=Where(base / CONFIG, field=f"detectors.{name}.{TIMEOUT}"),
                remedy=f"Write {TIMEOUT} = 30, in seconds.",
            )
        found[name] = float(seconds)
    return found


def catalog_of(detectors: Mapping[str, Detector]) -> Catalog:
    """What strategies may read: the detectors' specs, and the item's own columns."""
    return Catalog.of(ITEM_SIGNALS, *(detector.spec for detector in detectors.values()))


def item_signals(items: pl.DataFrame) -> pl.DataFrame:
    """The item's own columns as signals: item_id, `item.*`, `item.status`, `item.failure`; n rows for n
    items."""
    spec = ITEM_SIGNALS
    return items.select(
        pl.col("id").alias("item_id"),
        *(pl.col(f.name).cast(f.type.dtype).alias(spec.column(f.name)) for f in spec.fields),
        pl.lit(SignalStatus.COMPUTED.value).alias(spec.status_column),
        pl.lit(None, pl.String).alias(spec.column("failure")),
    )


def _build(place: Place) -> Detector:
    name, section, where = place.name, place.settings, place.where
    if name == ITEM_SIGNALS.name:
        raise SignalError(
            "'item' is the name of the item's own signals",
            where=where,
            remedy="Give the detector another name.",
        )
    use = section.get("use")
    if use in RENAMED:
        settings = {key: value for key, value in section.items() if key != "use"}
        detector = _built_in(str(use), replace(place, settings=settings))
    elif use is not None:
        detector = _own(section, where)
    elif name in BUILT_IN:
        detector = _built_in(name, place)
    else:
        raise SignalError(
            f"there is no detector '{name}'",
            where=where,
            remedy=f"{nearest(name, BUILT_IN)}Built in are {', '.join(BUILT_IN)}; "
            'name one of your own with use = "package.module:factory".',
        )
    _check_spec(detector, name, where)
    return detector


def _built_in(kind: str, place: Place) -> Detector:
    build, known = BUILT_IN[kind]
    for setting in place.settings:
        if known is not None and setting not in known:
            raise SignalError(
                f"the detector '{place.name}' has no setting '{setting}'",
                where=place.where,
                remedy=f"{nearest(setting, known)}It takes {', '.join(sorted(known)) or 'no settings'}.",
            )
    return build(place)


def _own(section: Settings, where: Where) -> Detector:
    use = section["use"]
    module_name, _, factory_name = str(use).partition(":")
    form = 'Write use = "package.module:factory", of a package that this Python can import.'
    if not module_name or not factory_name:
        raise SignalError(f"'{use}' does not name a factory", where=where, remedy=form)
    try:
        module = import_module(module_name)
    except ImportError as error:
        raise SignalError(f"'{module_name}' cannot be imported: {error}", where=where, remedy=form) from error
    factory = getattr(module, factory_name, None)
    if not callable(factory):
        raise SignalError(
            f"'{module_name}' has no factory '{factory_name}'",
            where=where,
            remedy=nearest(factory_name, [key for key in vars(module) if not key.startswith("_")]) + form,
        )
    try:
        detector: Detector = factory({key: value for key, value in section.items() if key != "use"})
    except SignalError:
        raise
    except Exception as error:
        raise SignalError(
            f"'{use}' failed to build the detector: {type(error).__name__}: {error}",
            where=where,
            remedy="Mend the factory, or its settings.",
        ) from error
    return detector


def _check_spec(detector: Detector, name: str, where: Where) -> None:
    spec = getattr(detector, "spec", None)
    if not isinstance(spec, DetectorSpec) or not callable(getattr(detector, "detect", None)):
        raise SignalError(
            f"the factory gave a {type(detector).__name__}, not a detector",
            where=where,
            remedy="A detector has `spec` (a tidegate.tables.DetectorSpec), `examples` and `detect(items)`.",
        )
    wrong = [one.name for one in spec.fields if one.name in RESERVED_FIELDS or not one.name.isidentifier()]
    if wrong or not name.isidentifier():
        raise SignalError(
            f"'{wrong[0]}' cannot be a field's name"
            if wrong
            else "a detector's name is letters, digits and _",
            where=where,
            remedy=f"Rename it; {' and '.join(RESERVED_FIELDS)} say how a detector fared.",
        )
    if spec.name != name:
        raise SignalError(
            f"the detector calls itself '{spec.name}'",
            where=where,
            remedy=f"Name the section [detectors.{spec.name}], or the spec '{name}'.",
        )


def _paths(settings: Settings, base: Path) -> list[Path]:
    """The files that `lists` names, each a path or a pattern."""
    where = Where(base / CONFIG, field="detectors.lexicon.lists")
    named = settings.get("lists")
    patterns = [named] if isinstance(named, str) else named
    if not isinstance(patterns, list) or not patterns or not all(isinstance(p, str) for p in patterns):
        raise SignalError(
            "the lexicon detector needs lists", where=where, remedy='Write lists = ["lexicons/*.csv"], say.'
        )
    paths: list[Path] = []
    for pattern in patterns:
        found = [Path(pattern)] if Path(pattern).is_absolute() else sorted(base.glob(pattern))
        if not found or not all(path.is_file() for path in found):
            raise SignalError(
                f"no file matches '{pattern}'",
                where=where,
                remedy=f"Paths are relative to the folder of {CONFIG}.",
            )
        paths += found
    return list(dict.fromkeys(paths))
