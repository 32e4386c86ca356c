"""Which nodes the next update brings back into service, and which calls it waits for. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from components.cluster_observation import ClusterObservation, NodeObservation, Overview, Unseen
from components.previous_state import PreviousState
from components.settings.choices import HA_MANAGED
from components.settings.table import Settings
from components.way_out import pull_seconds
from openvidu.roles import BASE

_GOES, _BECOMES = "is removed", "becomes a standby, and is stopped,"


def generations(
    settings: Settings, previous: PreviousState, overview: Overview
) -> Mapping[int, int]:
    """For each node wanted, how often it'll have been brought into service.

    A node that serves keeps its count, and so shows no change. One that was drained, or stopped,
    gets the next one: its membership is updated, which brings it back. Where the cluster can't be
    asked, or a node can't be seen, the count stays what it was.
    """
    wanted = {}
    for number in settings.node_numbers:
        seen = None
        if not isinstance(overview, Unseen):
            seen = overview.nodes.get(settings.node_private_ip(number))
        is_out = seen is not None and seen.in_service is False
        # A base that has lost its record of it counts anew.
        least = previous.generations.get(number, 0) + is_out
        wanted[number] = max(least, 1, (seen.generation if seen else None) or 0)
    return wanted


def pull_waits(settings: Settings, previous: PreviousState) -> Mapping[int, int]:
    """Seconds that the install of each node's machine waits before it pulls images, by number.

    Several that are new in one update begin one after the other, one alone at once. What a node had
    it keeps: another number would be another install.
    """
    machines = settings.node_machines
    new = [number for number in machines if f"node-{number}" not in previous.tried]
    begins = {number: pull_seconds(place) for place, number in enumerate(sorted(new))}
    return {
        **begins,
        **{n: previous.waits.get(n, 0) for n in machines if n not in begins},
    }


def may_serve(number: int, previous: PreviousState) -> bool:
    """Whether somebody may be led to a node's machine, until it has drained."""
    return number in previous.held


def runs_while_node(number: int, settings: Settings, previous: PreviousState) -> bool:
    """Whether a node has what starts its machine, and stops it when it leaves.

    A node that serves keeps it where there are no standbys any more: its delete would stop it.
    """
    if number in settings.standby_numbers:
        return number in previous.woken
    return bool(settings.standby_nodes) or number in {*previous.woken, *previous.standbys}


def starts(number: int, previous: PreviousState) -> int:
    """How often a node's machine will have been started once more; another count starts it.

    One that was to be stopped may be, though what stops it is in the state: the update that did it
    was killed before it could note so.
    """
    is_half_way = number in previous.woken and number not in previous.held
    return previous.starts.get(number, 0) + is_half_way


def in_order(generations: Mapping[int, int], previous: PreviousState) -> list[int]:
    """The nodes' numbers in the order in which they are changed.

    New ones come first, then those that are out of service: what serves may have to wait for them.

    Args:
        generations: of each node wanted, how often it'll have been brought into service.
        previous: what is deployed.
    """

    def place(number: int) -> tuple[bool, bool, int]:
        is_there = number in previous.generations
        return is_there, is_there and not comes_back(number, generations, previous), number

    return sorted(generations, key=place)


def comes_back(number: int, generations: Mapping[int, int], previous: PreviousState) -> bool:
    """Whether a node is out of service and will be brought back; see `in_order`."""
    return previous.generations.get(number, generations[number]) != generations[number]


def leaving_addresses(settings: Settings, previous: PreviousState) -> list[str]:
    """Private addresses of the nodes that go in the next update."""
    leaving = sorted(set(previous.generations) - set(settings.node_numbers))
    return [_address(number, settings, previous) for number in leaving]


def configuration_generation(previous: PreviousState, overview: Overview) -> int:
    """How often the nodes' configuration will have been compared with the bucket's.

    Where they differ, the update compares them once more, and so changes the bucket's back.
    """
    drifted = isinstance(overview, ClusterObservation) and bool(overview.drift)
    return max(previous.configuration_generation, 1) + drifted


def warnings(settings: Settings, previous: PreviousState, overview: Overview) -> list[str]:
    """What an operator has to know before an update: calls that will be waited for."""
    leaving = sorted(set(previous.generations) - set(settings.node_numbers))
    changed = replaced(settings, previous)
    if isinstance(overview, Unseen):
        if not previous.generations:
            return []
        told = [f"Couldn't ask the base how many calls there are: {overview.reason}."]
        told += [f"node-{number} leaves: the update will wait for its calls." for number in leaving]
        told += [f"{found}: the update will wait for its calls." for found in changed.values()]
        return [" ".join(told), *_refusal(settings, changed, ClusterObservation())]
    told = []
    for number in leaving:
        seen = overview.nodes.get(_address(number, settings, previous))
        then = _BECOMES if number in settings.standby_numbers else _GOES
        told.append(f"node-{number} leaves: {_calls(seen)} {_wait(settings, then)}")
    for number, found in changed.items():
        seen = overview.nodes.get(_address(number, settings, previous))
        told.append(
            f"{found}: {_calls(seen)} {_wait(settings)} "
            f"No more than {settings.max_unavailable} at a time (maxUnavailable)."
        )
    told += _refusal(settings, changed, overview)
    if overview.drift is None:
        told.append(
            "The nodes' configuration in the bucket can't be read: the update can't tell "
            "whether it's the stack's, and doesn't change it back."
        )
    elif overview.drift:
        names = ", ".join(overview.drift)
        told.append(f"In the bucket {names} isn't the stack's. {restart_of_all(settings)}")
    for number, found_ in _seen(settings, previous, overview, in_service=None).items():
        told.append(
            f"node-{number} can't be seen from the base ({found_.sees}): it's left as it is, and "
            f"may carry calls. Next: uv run openvidu-enterprise repair node-{number}"
        )
    for number, found_ in _seen(settings, previous, overview, in_service=False).items():
        told.append(
            f"node-{number} is out of service and will be brought back: {_calls(found_)} "
            "A drain that has begun is finished first."
        )
    return told


def _refusal(
    settings: Settings, changed: Mapping[int, str], overview: ClusterObservation
) -> Iterator[str]:
    """That `membership.disruption_budget` will refuse a drain, where that is sure before."""
    if settings.drain_last_node or [*changed] != [*settings.node_numbers]:
        return
    seen = [overview.nodes.get(settings.node_private_ip(number)) for number in changed]
    if len(changed) == 1 and not (seen[0] and seen[0].in_service is False):
        (number,) = changed
        yield (
            f"node-{number} is the only node that stays: draining it will be refused. "
            "Next: add a node first, with a higher nodeCount; or confirm it: pulumi "
            "config set drainLastNode true"
        )


def go_on_running(settings: Settings, previous: PreviousState) -> list[str]:
    """That a node which becomes a standby isn't stopped yet: nothing in the state would do it.

    Or what would do it stops the machine before another one takes its place.
    """
    return [
        f"node-{number} leaves and becomes a standby: its machine runs on after this update. "
        "Next: pulumi up, once more, which stops it"
        for number in settings.standby_numbers
        if may_serve(number, previous)
        and (number not in previous.woken or _gets_another_type(number, settings, previous))
    ]


def _gets_another_type(number: int, settings: Settings, previous: PreviousState) -> bool:
    """Whether another machine takes the place of a node's, for its EC2 type."""
    wanted = settings.node_instance_type
    return previous.instance_types.get(f"node-{number}", wanted) != wanted


def stop_of_main(settings: Settings, previous: PreviousState) -> list[str]:
    """What another EC2 type of the base or the master means for calls: AWS stops it for that."""
    before, wanted = _type_of_main(settings, previous)
    if before == wanted:
        return []
    name = settings.main_role.name
    what = f"the type of the {name} ({before} to {wanted}): AWS stops and starts it"
    if previous.instance_types.get(name, wanted) == wanted:
        what += ", if the update refreshes the state (--refresh)"
    return [_restart(what, settings)]


def kept_types(settings: Settings, previous: PreviousState) -> list[str]:
    """That machines don't get another EC2 type yet, as their calls couldn't be waited for."""
    wanted = settings.instance_types
    return [
        f"{name} keeps its type ({before}) in this update: what waits for its calls isn't "
        "in the state yet. Next: pulumi up, and once more, which changes it to "
        f"{wanted[name]}"
        for name, before in previous.kept_types.items()
        if wanted.get(name, before) != before
    ]


def stops_of_main(settings: Settings, previous: PreviousState) -> int:
    """How often AWS will have stopped the base or the master with services on it."""
    before, wanted = _type_of_main(settings, previous)
    return previous.stops + (previous.main_configuration is not None and before != wanted)


class _Types(NamedTuple):
    """The EC2 type that base or master has, and the wanted one."""

    before: str
    wanted: str


def _type_of_main(settings: Settings, previous: PreviousState) -> _Types:
    """Those of base or master; a bastion carries no calls."""
    wanted = settings.main_instance_type.name
    is_kept = settings.main_role.name in previous.kept_types
    if settings.hosts or settings.shape == HA_MANAGED or is_kept:
        return _Types(wanted, wanted)
    before = previous.instance_types.get(settings.main_role.name, wanted)
    before = before if before != wanted else previous.present_type or wanted
    return _Types(before, wanted)


def restart_of_all(settings: Settings) -> str:
    """What a change of the configuration that nodes share means for calls."""
    return _restart("the nodes' configuration, which restarts every node, once", settings)


def restart_of_main(settings: Settings) -> str:
    """What a change of the configuration of base services or a single master means for calls."""
    if settings.main_role is BASE:
        return _restart("the base services' configuration, which restarts them", settings)
    return _restart("the master's configuration, which restarts it", settings)


def _restart(what: str, settings: Settings) -> str:
    does = f"The update changes {what}."
    if settings.config_change_during_calls:
        return f"{does} Calls will be cut: configChangeDuringCalls is set."
    return (
        f"{does} It waits for a moment without calls, {settings.config_change_timeout} at "
        "most. Until it's back, which takes about half a minute, nobody can join a call."
    )


def _wait(settings: Settings, then: str = _GOES) -> str:
    return (
        f"From then on it takes no new ones, which can't be undone; its machine {then} "
        f"when they have ended. The update waits {settings.drain_timeout} at most."
    )


def replaced(settings: Settings, previous: PreviousState) -> Mapping[int, str]:
    """The nodes whose machines the configuration replaces, by number, and why."""
    hosts = settings.wanted_hosts
    changes = {
        number: (previous.hosts[name].public_ip, hosts[name].public_ip)
        for number in settings.node_numbers
        if (name := f"node-{number}") in previous.hosts.keys() & hosts.keys()
        and not previous.hosts[name].is_same_machine(hosts[name])
    }
    wanted = settings.node_instance_type
    changes |= {
        number: (before, wanted)
        for number in settings.node_numbers
        if (name := f"node-{number}") not in previous.kept_types
        and (before := previous.instance_types.get(name, wanted)) != wanted
    }
    return {
        number: f"node-{number} is replaced ({before} to {after})"
        for number, (before, after) in changes.items()
    }


def _seen(
    settings: Settings,
    previous: PreviousState,
    overview: ClusterObservation,
    *,
    in_service: bool | None,
) -> Mapping[int, NodeObservation]:
    """The wanted nodes of which this is seen, by number."""
    found = {}
    for number in settings.node_numbers:
        seen = overview.nodes.get(settings.node_private_ip(number))
        if number in previous.generations and seen and seen.in_service is in_service:
            found[number] = seen
    return found


def _address(number: int, settings: Settings, previous: PreviousState) -> str:
    """The address under which the base knows a node that was deployed."""
    host = previous.hosts.get(f"node-{number}")
    if host:
        return host.private_ip
    return previous.member_ips.get(number) or settings.node_private_ip(number)


def _calls(seen: NodeObservation | None) -> str:
    if seen is None or seen.calls is None:
        return "how many calls it carries isn't known."
    if not seen.calls:
        return "it carries no calls now."
    calls = "1 call" if seen.calls == 1 else f"{seen.calls} calls"
    people = "1 participant" if seen.participants == 1 else f"{seen.participants} participants"
    return f"it carries {calls} with {people} now."
