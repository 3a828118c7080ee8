"""From a section of tidegate.toml to a judge: policies, prompt and calibration are read and checked here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tidegate.errors import SignalError, Where
from tidegate.names import nearest
from tidegate.policy.folder import PolicyFolder
from tidegate.policy.model import Policy
from tidegate.policy.versions import at_label
from tidegate.signals.judge import calibration as calibrations
from tidegate.signals.judge.detector import Judge
from tidegate.signals.judge.judgement import OVERALL, column_of
from tidegate.signals.judge.prompt import BUILT_IN, load_prompt
from tidegate.signals.judge.settings import Settings, read_settings

NAME = "judge"


def build_judge(
    name: str,
    section: Mapping[str, object],
    base: Path,
    folder: PolicyFolder,
    where: Where,
    *,
    patient: bool = True,
) -> Judge:
    """The judge that a section describes; paths in it are relative to `base`.

    Raises:
        SignalError: a setting is wrong, or a policy, label, prompt or calibration is not there.
        PolicyError: a policy is not whole.
    """
    settings = read_settings(section, where)
    policies = _policies(settings, folder, where)
    prompt = load_prompt(base / settings.prompt if settings.prompt else BUILT_IN)
    judge = Judge(name, settings, policies, prompt, base / settings.store, where, patient=patient)
    if settings.calibration:
        judge.calibration = calibrations.read(base / settings.calibration, judge.questions.id)
    return judge


def is_judge(name: str, section: Mapping[str, object]) -> bool:
    """Whether a section of tidegate.toml sets up a judge."""
    return section.get("use", name) == NAME


def store_files(sections: Mapping[str, Mapping[str, object]], base: Path) -> list[Path]:
    """Where the judges of a workspace keep their answers; the files need not be there yet."""
    named = [
        str(section.get("store", Settings.store))
        for name, section in sections.items()
        if is_judge(name, section)
    ]
    return [base / one for one in dict.fromkeys(named)]


def _policies(settings: Settings, folder: PolicyFolder, where: Where) -> tuple[Policy, ...]:
    there = folder.load()
    found = []
    for policy_id in settings.policies or tuple(there):
        field = Where(where.file, field=f"{where.field}.policies")
        if policy_id not in there:
            raise SignalError(
                f"there is no policy '{policy_id}'",
                where=field,
                remedy=f"{nearest(policy_id, there)}Policies are {', '.join(there)}.",
            )
        if column_of(policy_id) in {one.name for one in OVERALL}:
            raise SignalError(
                f"the policy '{policy_id}' is called as a signal of the judge",
                where=field,
                remedy="Give the policy another id.",
            )
        policy = there[policy_id]
        if settings.label:
            policy = at_label(folder.path, policy_id, settings.label, folder.ladder)
        if settings.language not in policy.languages:
            raise SignalError(
                f"the policy '{policy_id}' is not written in '{settings.language}'",
                where=Where(where.file, field=f"{where.field}.language"),
                remedy=f"Write one of {', '.join(policy.languages)}.",
            )
        found.append(policy)
    return tuple(found)
