"""Under which former names a resource may stand in state.

Source: pulumi, pkg/resource/deploy/step_generator.go (generateAliases, inheritedChildAlias) and
pkg/resource/deploy/snapshot.go (NormalizeURNReferences).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from lab.engine.model import urn as urns
from lab.engine.model.goal import Alias, Goal
from lab.engine.model.state import ResourceState


def candidates(goal: Goal, stack: str, project: str, renamed: Mapping[str, str]) -> list[str]:
    """The URNs to look for, most likely first.

    Args:
        goal: the registration.
        stack: this stack's name.
        project: this project's name.
        renamed: former URN of each resource that was found under one, by its present URN.
    """
    own = [_collapse(goal, alias, stack, project, renamed) for alias in goal.aliases]
    found = dict.fromkeys(own)
    former_parent = renamed.get(goal.parent)
    if former_parent:
        found[_inherited(goal.type, goal.name, goal.parent, former_parent, stack, project)] = None
        for urn in own:
            type_, name = urns.type_of(urn), urns.name_of(urn)
            found[_inherited(type_, name, goal.parent, former_parent, stack, project)] = None
    return list(found)


def _collapse(
    goal: Goal, alias: Alias, stack: str, project: str, renamed: Mapping[str, str]
) -> str:
    if alias.urn:
        return alias.urn
    parent = alias.parent or goal.parent
    if alias.parent:
        parent = renamed.get(parent, parent)
    if alias.no_parent or (parent and urns.qualified_type(parent) == urns.STACK_TYPE):
        parent = ""
    type_, name = alias.type or goal.type, alias.name or goal.name
    return urns.make(alias.stack or stack, alias.project or project, parent, type_, name)


def _inherited(
    type_: str, name: str, parent: str, former_parent: str, stack: str, project: str
) -> str:
    parent_name = urns.name_of(parent)
    if name.startswith(parent_name):
        name = urns.name_of(former_parent) + name.removeprefix(parent_name)
    return urns.make(stack, project, former_parent, type_, name)


def normalised(resources: Sequence[ResourceState]) -> list[ResourceState]:
    """The resources with every reference to a former URN replaced by the present one."""
    present: dict[str, str] = {}
    for state in resources:
        present.update(dict.fromkeys(state.aliases, state.urn))
        parent = present.get(state.parent)
        if parent and urns.qualified_type(parent) != urns.STACK_TYPE:
            stack, project = state.urn.removeprefix("urn:pulumi:").split("::", 2)[:2]
            present[state.urn] = urns.make(stack, project, parent, state.type, state.name)
    if not present:
        return list(resources)
    return [_renamed(state, present) for state in resources]


def _renamed(state: ResourceState, present: Mapping[str, str]) -> ResourceState:
    tied = [state.urn, state.parent, state.provider_urn, *state.needs()]
    if not state.aliases and not any(urn in present for urn in tied):
        return state

    def fix(urns_: Iterable[str]) -> list[str]:
        return [present.get(urn, urn) for urn in urns_]

    provider = state.provider
    if provider:
        reference = urns.Reference.parse(provider)
        new_urn = present.get(reference.urn, reference.urn)
        provider = str(urns.Reference(new_urn, reference.id))
    return state.copy(
        urn=present.get(state.urn, state.urn),
        parent=present.get(state.parent, state.parent),
        provider=provider,
        dependencies=fix(state.dependencies),
        property_dependencies={k: fix(v) for k, v in state.property_dependencies.items()},
        deleted_with=present.get(state.deleted_with, state.deleted_with),
        replace_with=fix(state.replace_with),
        aliases=[],
    )
