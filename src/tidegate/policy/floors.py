"""Floors: the least share of a policy's golden cases that a detector must get right in this workspace.

Whether they are met is for `check` to say.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping

from tidegate.errors import Where, WorkspaceError
from tidegate.names import nearest
from tidegate.tables import Catalog

Floors = Mapping[str, Mapping[str, float]]
"""Detector → policy id → least share of golden cases right."""


def check_floors(
    floors: Floors, judged: Container[tuple[str, str]], catalog: Catalog, policies: Collection[str]
) -> None:
    """Refuse a floor that could never be held; `judged` has each (detector, policy id) that take part.

    Raises:
        WorkspaceError: a floor is no share, or names an unknown detector or policy, or one that the
            detector does not judge.
    """
    for detector, of in floors.items():
        if detector not in catalog.detectors:
            raise WorkspaceError(
                f"a floor is set for the unknown detector '{detector}'",
                where=Where(field=f"floors.{detector}"),
                remedy=f"{nearest(detector, catalog.detectors)}Detectors are {', '.join(catalog.detectors)}.",
            )
        for policy_id, floor in of.items():
            where = Where(field=f"floors.{detector}.{policy_id}")
            if policy_id not in policies:
                raise WorkspaceError(
                    f"a floor is set for the unknown policy '{policy_id}'",
                    where=where,
                    remedy=f"{nearest(policy_id, policies)}Policies are {', '.join(policies)}.",
                )
            if (detector, policy_id) not in judged:
                raise WorkspaceError(
                    f"the detector '{detector}' does not judge the policy '{policy_id}'",
                    where=where,
                    remedy="Take the floor out, or give a field of the detector that harm and a threshold.",
                )
            if isinstance(floor, bool) or not isinstance(floor, int | float) or not 0 <= floor <= 1:
                raise WorkspaceError(
                    "a floor must be a share, from 0 to 1",
                    where=where,
                    remedy=f"Write {policy_id} = 0.8, say.",
                )
