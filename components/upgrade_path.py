"""Whether and how another version of OpenVidu may come. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from components.cluster_observation import ClusterObservation, Overview, Unseen
from components.previous_state import Attempt, PreviousState
from components.settings.choices import ROLLING
from components.settings.mistakes import Mistake, set_command
from components.settings.table import Settings
from openvidu.release import LATEST, Step, step, way
from openvidu.roles import BASTION, MASTER

_KEY = "openviduVersion"
_BASE_FIRST = "The base comes first, at a moment without calls. "


@dataclass(frozen=True)
class Change:
    """What becomes of the version of one machine.

    Attributes:
        to: the version that is wanted. Another number has each step done again, also where it was
            done in an attempt that failed, or that is taken back.
        is_due: whether the machine has another version, or may have parts of one.
        cuts: whether calls that don't end are cut for it, as that was chosen when it was due.
    """

    to: Attempt
    is_due: bool
    cuts: bool = False

    @property
    def variables(self) -> Mapping[str, str]:
        """What notes in the state that a machine was to get the version, or has got it."""
        return {
            "OPENVIDU_VERSION": self.to.version,
            "UPGRADE_ATTEMPT": str(self.to.number),
            **({"UPGRADE_CUTS": "true"} if self.cuts else {}),
        }


def change_of(machine: str, settings: Settings, previous: PreviousState) -> Change:
    """What becomes of the version of a machine, by its name."""
    wanted = settings.openvidu_version
    tried, done = previous.tried.get(machine), previous.done.get(machine)
    if tried is None:
        return Change(Attempt(wanted, 1), is_due=False)
    # One that isn't known to have joined may run all the same.
    is_due = tried.version != wanted if done is None else wanted != done.version or tried != done
    of_nodes = settings.force_after_drain_timeout
    cuts = settings.config_change_during_calls if machine == MASTER.name else of_nodes
    return Change(
        Attempt(wanted, tried.number + is_due), is_due, cuts if is_due else machine in previous.cut
    )


def is_due(settings: Settings, previous: PreviousState) -> bool:
    """Whether any machine gets another version."""
    return any(change_of(machine, settings, previous).is_due for machine in previous.done)


def find_mistakes(settings: Settings, previous: PreviousState, overview: Overview) -> list[Mistake]:
    """Why the wanted version can't be had from the one that runs, if it can't."""
    wanted, found = settings.openvidu_version, _running(settings, previous, overview)
    if not is_due(settings, previous) or found is None:
        return []
    if wanted == LATEST:
        problem = f"{LATEST} is for new deployments; this one runs {found}: name a version"
        return [Mistake(_KEY, problem, set_command(_KEY, found))]
    forbidden = step(found, wanted) is Step.FORBIDDEN
    steps = way(found, wanted) if forbidden else [wanted]
    # Where there is no base, each node's install says for itself what it has put aside.
    if (
        steps
        and step(found, steps[0]) is Step.ROLLBACK
        and isinstance(overview, ClusterObservation)
        and settings.main_role is not BASTION
        and steps[0] not in overview.aside
    ):
        has = ", ".join(overview.aside) or "none"
        problem = f"{found} is running; you can only go back to the version before it: {has}"
        return [Mistake(_KEY, problem, set_command(_KEY, found))]
    if forbidden:
        by = (
            f"but through {', '.join(steps)}, each in an update of its own"
            if steps
            else "nor through others"
        )
        problem = (
            f"{found} is running; OpenVidu can't be upgraded directly from it to {wanted}, {by}"
        )
        return [Mistake(_KEY, problem, set_command(_KEY, steps[0] if steps else found))]
    return []


def warnings(settings: Settings, previous: PreviousState, overview: Overview) -> list[str]:
    """What an operator has to know before a version changes: what becomes of calls."""
    if not is_due(settings, previous):
        return []
    does = in_words(settings, previous, overview)
    if settings.main_role is MASTER:
        return [
            f"{does} It waits for a moment without calls, {settings.config_change_timeout} at most."
        ]
    if settings.upgrade_strategy == ROLLING:
        first = "" if settings.main_role is BASTION else _BASE_FIRST
        return [
            f"{does} {first}Node after node drains. OpenVidu doesn't document whether two "
            "versions work in one cluster."
        ]
    who = "nodes have" if settings.main_role is BASTION else "base and nodes have"
    return [
        f"{does} Every node drains: from then on there are no new calls, until {who} the "
        f"new version. The update waits for calls, {settings.drain_timeout} at most. "
        f"{_calls(previous, overview)}"
    ]


def in_words(settings: Settings, previous: PreviousState, overview: Overview) -> str:
    """Which version becomes which, where that is due."""
    before = _running(settings, previous, overview) or "that runs"
    return f"OpenVidu {before} becomes {settings.openvidu_version}."


def _calls(previous: PreviousState, overview: Overview) -> str:
    """How many calls there are now, as far as that is known."""
    if isinstance(overview, Unseen):
        return f"How many there are now isn't known: {overview.reason}."
    known = [node.calls for node in overview.nodes.values() if node.calls is not None]
    # A base that was made anew doesn't know each node that the stack has.
    unknown = max(len(overview.nodes), len(previous.generations)) - len(known)
    if not unknown:
        return f"There are {sum(known)} now."
    who = "one node" if unknown == 1 else f"{unknown} nodes"
    return f"There are at least {sum(known)} now: what {who} may carry isn't known."


def _running(settings: Settings, previous: PreviousState, overview: Overview) -> str | None:
    """The version that base or master has; None when that isn't known."""
    if not isinstance(overview, Unseen) and overview.version:
        return overview.version
    done = previous.done.get(settings.main_role.name)
    return None if done is None or done.version == LATEST else done.version
