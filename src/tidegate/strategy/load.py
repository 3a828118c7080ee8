"""A strategy file to a checked `Strategy`: every problem at once, each with its line, field and remedy."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from yaml.nodes import Node, ScalarNode

from tidegate.names import nearest, quoted
from tidegate.policy.ladder import LADDER, Ladder, Outcome
from tidegate.strategy import lets, nodes, plans, reach
from tidegate.strategy.conditions import condition
from tidegate.strategy.document import Entry, compose, entries, is_null, items, line_at, line_of, scalar
from tidegate.strategy.facts import EVERYTHING, declared_range
from tidegate.strategy.model import HOUSE_PLAN, AuditPlan, Rule, Strategy
from tidegate.strategy.problems import ConditionError, Problems
from tidegate.strategy.values import Scope
from tidegate.tables import Catalog

KEYS = ("strategy", "version", "let", "audit", "rules")
RULE_KEYS = ("id", "when", "then", "policy", "queue", "escalate", "audit")
LONGEST_NAME = 100


@dataclass(frozen=True)
class Setting:
    """What a strategy is checked against, and where problems go."""

    catalog: Catalog
    ladder: Ladder
    policies: Collection[str] | None
    scope: Scope
    text: str
    problems: Problems


def load_strategy(
    source: Path | str,
    *,
    catalog: Catalog,
    ladder: Ladder = LADDER,
    policies: Collection[str] | None = None,
    let: Mapping[str, float] | None = None,
) -> Strategy:
    """Load and check a strategy: a file if `source` is a Path, YAML text if it is a str.

    `policies` are the ids that rules may name; None leaves them unchecked. `let` overrides let: numbers, as a
    launch arm does. What is doubtful but harmless is in the strategy's `warnings`.

    Raises:
        StrategyError: every problem that was found.
    """
    problems = Problems(str(source) if isinstance(source, Path) else "<strategy>")
    text = _read(source, problems) if isinstance(source, Path) else source
    problems.raise_any()
    root = compose(text, problems)
    problems.raise_any()
    assert root is not None
    top = entries(root, "a strategy", problems)
    _check_keys(top, KEYS, "a strategy", problems)
    name = _name(top, "strategy", "Write 'strategy: my-strategy' at the top.", line_of(root), problems)
    version = _name(
        top, "version", "Write 'version: 1', and count up with every change.", line_of(root), problems
    )
    numbers, used_by_lets = lets.evaluate(_definitions(top, problems), let or {}, problems)
    types = {full: field.type for full, field in catalog.signals.items()}
    setting = Setting(catalog, ladder, policies, Scope(types, numbers), text, problems)
    audit = plans.read(top["audit"], types, problems) if "audit" in top else HOUSE_PLAN
    rules = _rules(top, line_of(root), audit, setting)
    _check_ids(rules, problems)
    problems.raise_any()
    _warn_unused(top, numbers, setting.scope.used | used_by_lets, problems)
    reach.warn(rules, catalog, problems)
    read = _signals_read(rules, audit)
    return Strategy(
        name=name,
        version=version,
        hash=_hash(name, version, numbers, rules, audit),
        let=numbers,
        rules=rules,
        audit=audit,
        types={full: types[full] for full in sorted(read)},
        warnings=tuple(sorted(problems.warnings, key=lambda warning: warning.where.line or 0)),
        file=problems.file,
        text=text,
        ladder=ladder,
        ranges=_ranges(catalog, read),
    )


def _ranges(catalog: Catalog, read: Collection[str]) -> dict[str, tuple[float, float]]:
    """The ranges that units declare, of signals that are read."""
    found = {name: declared_range(one.unit) for name, one in catalog.signals.items() if name in read}
    return {name: one for name, one in found.items() if one != EVERYTHING}


def _read(path: Path, problems: Problems) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        problems.error("the file is not UTF-8 text", remedy="Save it as UTF-8.")
    except OSError as error:
        problems.error(f"the file cannot be read: {error.strerror}", remedy="Check the path.")
    return ""


def _check_keys(found: Mapping[str, Entry], known: tuple[str, ...], what: str, problems: Problems) -> None:
    for entry in found.values():
        if entry.key not in known:
            problems.error(
                f"unknown key {quoted(entry.key)}",
                line=entry.line,
                field=entry.key,
                remedy=f"{nearest(entry.key, known)}The keys of {what} are {', '.join(known)}.",
            )


def _name(found: Mapping[str, Entry], key: str, remedy: str, line: int, problems: Problems) -> str:
    """The text of a required key; an empty text, with the problem noted, where it is missing or no name."""
    entry = found.get(key)
    if entry is None or is_null(entry.node):
        problems.error(f"'{key}' is missing", line=entry.line if entry else line, field=key, remedy=remedy)
        return ""
    return _word(entry, problems) or ""


def _word(entry: Entry, problems: Problems) -> str | None:
    text = scalar(entry.node)
    if text is None:
        if not is_null(entry.node):
            problems.error(
                f"'{entry.key}' must be a text", line=entry.line, field=entry.key, remedy="Write one word."
            )
        return None
    if len(text) > LONGEST_NAME or not text.isprintable() or text != text.strip():
        problems.error(
            f"{quoted(text)} cannot be a {entry.key}",
            line=entry.line,
            field=entry.key,
            remedy=f"Write up to {LONGEST_NAME} characters on one line.",
        )
        return None
    return text


def _definitions(top: Mapping[str, Entry], problems: Problems) -> dict[str, lets.Definition]:
    if "let" not in top or is_null(top["let"].node):
        return {}
    found = {}
    for name, entry in entries(top["let"].node, "let", problems).items():
        text = scalar(entry.node)
        if text is None or not (name.isidentifier() and name.isascii()):
            problems.error(
                f"let: {name} must be a number with a plain name",
                line=entry.line,
                field=f"let.{name}",
                remedy="Write 'hate_remove: 0.97'; names have letters, digits and underscores.",
            )
            text = "0"
        found[name] = lets.Definition(name, text, entry.line)
    return found


def _rules(top: Mapping[str, Entry], line: int, audit: AuditPlan, setting: Setting) -> tuple[Rule, ...]:
    remedy = "Write 'rules:' and below it '- id: otherwise' with 'then: allow'."
    entry = top.get("rules")
    members = items(entry.node) if entry else None
    if entry is None or not members:
        what = "'rules' is missing" if entry is None else "'rules' must be a list of rules"
        setting.problems.error(what, line=entry.line if entry else line, field="rules", remedy=remedy)
        return ()
    rules = tuple(_rule(node, audit, setting) for node in members)
    last = rules[-1]
    if last.when is not None and last.condition != nodes.TRUE:
        setting.problems.error(
            "the last rule has a condition, so that some items would get no decision",
            line=last.line,
            field="when",
            remedy="End with a rule without 'when', such as '- id: otherwise' with 'then: allow'.",
        )
    return rules


def _rule(node: Node, audit: AuditPlan, setting: Setting) -> Rule:
    problems, line = setting.problems, line_of(node)
    found = entries(node, "a rule", problems)
    _check_keys(found, RULE_KEYS, "a rule", problems)
    rule_id = _name(found, "id", "Name the rule, as in '- id: hate-certain'.", line, problems)
    then = _name(found, "then", f"Say what to do, one of {', '.join(setting.ladder.names)}.", line, problems)
    policy, queue, escalate = (
        _word(found[key], problems) if key in found else None for key in ("policy", "queue", "escalate")
    )
    _check_known(found, "then", then, setting.ladder.names, "action", problems)
    if setting.policies is not None:
        _check_known(found, "policy", policy, sorted(setting.policies), "policy", problems)
    if queue and then in setting.ladder and setting.ladder[then].outcome is not Outcome.HELD:
        problems.warn(
            f"the queue has no use, because '{then}' sends nothing to a person",
            line=found["queue"].line,
            field="queue",
            remedy=f"Take it out, or write 'then: {setting.ladder.review}'.",
        )
    when, tree = _when(found, setting)
    plan = plans.read(found["audit"], setting.scope.signals, problems) if "audit" in found else audit
    return Rule(rule_id, when, then, policy, queue, escalate, plan, line, tree)


def _check_known(
    found: Mapping[str, Entry],
    key: str,
    name: str | None,
    known: Collection[str],
    what: str,
    problems: Problems,
) -> None:
    if name and name not in known:
        problems.error(
            f"unknown {what} {quoted(name)}",
            line=found[key].line,
            field=key,
            remedy=f"{nearest(name, known)}There are {', '.join(known) or 'none'}.",
        )


def _when(found: Mapping[str, Entry], setting: Setting) -> tuple[str | None, nodes.Condition | None]:
    entry = found.get("when")
    if entry is None:
        return None, None
    text = scalar(entry.node)
    if text is None or not text.strip() or not isinstance(entry.node, ScalarNode):
        setting.problems.error(
            "'when' is empty" if is_null(entry.node) else "'when' must be a condition",
            line=entry.line,
            field="when",
            remedy="Write a condition such as 'text.hate >= 0.9'; a rule for all items has no 'when'.",
        )
        return None, None
    try:
        return text.strip(), condition(text, setting.scope)
    except ConditionError as error:
        line = line_at(entry.node, setting.text, error.offset)
        setting.problems.error(error.what, line=line, field="when", remedy=error.remedy)
        return text.strip(), None


def _check_ids(rules: tuple[Rule, ...], problems: Problems) -> None:
    first: dict[str, int] = {}
    for rule in rules:
        if rule.id in first:
            problems.error(
                f"the id '{rule.id}' is given twice",
                line=rule.line,
                field="id",
                remedy=f"Name it anew; the first is on line {first[rule.id]}.",
            )
        elif rule.id:
            first[rule.id] = rule.line


def _warn_unused(
    top: Mapping[str, Entry], numbers: Mapping[str, float], used: set[str], problems: Problems
) -> None:
    if "let" not in top:
        return
    for name, entry in entries(top["let"].node, "let", Problems(problems.file)).items():
        if name in numbers and name not in used:
            problems.warn(
                f"let: {name} is used nowhere",
                line=entry.line,
                field=f"let.{name}",
                remedy=f"Write :{name} in a condition, or take it out.",
            )


def _signals_read(rules: tuple[Rule, ...], audit: AuditPlan) -> set[str]:
    read = {plan.proportional_to for plan in (audit, *(rule.audit for rule in rules)) if plan.proportional_to}
    for rule in rules:
        if rule.condition is not None:
            read |= {signal.name for signal in nodes.signals(rule.condition)}
    return read


def _hash(
    name: str, version: str, numbers: Mapping[str, float], rules: tuple[Rule, ...], audit: AuditPlan
) -> str:
    decisive = [[r.id, r.when, r.then, r.policy, r.queue, r.escalate, asdict(r.audit)] for r in rules]
    canonical = json.dumps(
        [name, version, dict(sorted(numbers.items())), decisive, asdict(audit)],
        ensure_ascii=False,
        separators=(",", ":"),
    )
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()
