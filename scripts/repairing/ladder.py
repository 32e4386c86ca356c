"""Which steps repair a machine, from mild to strong. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from components.aws.health import InstanceHealth, next_command
from openvidu.roles import MASTER, NODE, Role, role_of


class Step(StrEnum):
    """What can be done, from mild to strong."""

    SERVICES = "services"
    DOCKER = "docker"
    REBOOT = "reboot"
    STOP_START = "stop-start"
    REPLACE = "replace"


_ORDER = tuple(Step)
_MEANING = {
    Step.SERVICES: "start OpenVidu's services, where they don't run",
    Step.DOCKER: "restart Docker, and with it every container there",
    Step.REBOOT: "reboot the machine",
    Step.STOP_START: "stop and start the instance, which puts it on another host",
    Step.REPLACE: "terminate the instance; pulumi up --refresh puts another one in its place",
}
_RUNS = ("serving", "draining")
_UNKNOWN = "unknown"
_IMPAIRED = (
    "AWS can't reach it, which also happens to a machine that hangs for a while or is "
    "overloaded: only you can say whether calls go on there."
)


@dataclass(frozen=True)
class MachineObservation:
    """What is seen of a machine.

    Attributes:
        name: `base`, `node-1`, …
        works: whether it does what it is for.
        ec2: how AWS says that it is; why that isn't known; None for a machine that existed before.
        lets_in: whether SSH lets in.
        refuses_key: whether SSH answers, and doesn't take the stack's key.
        full: what makes room there, as it's typed; empty where there is room.
        docker_is_dead: whether Docker gives no answer there.
        unfinished: whether it's a base or master whose services the last update should have
            started, and hasn't.
        is_owners: whether only its owner stops, starts and replaces it.
        open: whether users' port accepts connections; None where users don't connect to it.
        conclusion: of a node, what all witnesses together say, as in `membership.witnesses`; None
            where the base can't be asked.
        calls: how many it carries, of the base how many the cluster does; None where that isn't
            known.
        told: what each that was asked says, in words.
    """

    name: str
    works: bool
    ec2: InstanceHealth | str | None
    lets_in: bool
    open: bool | None = None
    conclusion: str | None = None
    calls: int | None = None
    told: tuple[str, ...] = ()
    refuses_key: bool = False
    full: str = ""
    docker_is_dead: bool = False
    unfinished: bool = False
    is_owners: bool = False

    @property
    def role(self) -> Role:
        """What it is for."""
        return role_of(self.name)

    @property
    def is_node(self) -> bool:
        """Whether it carries calls itself."""
        return self.role is NODE

    @property
    def instance(self) -> InstanceHealth | None:
        """How AWS says that it is; None where nobody says so."""
        return self.ec2 if isinstance(self.ec2, InstanceHealth) else None

    @property
    def is_dead(self) -> bool:
        """Whether AWS says that it doesn't run, or isn't there: no calls can go on there."""
        return self.instance is not None and self.instance.is_dead

    @property
    def is_impaired(self) -> bool:
        """Whether AWS says that it runs, and can't be reached: its calls may go on."""
        return self.instance is not None and self.instance.is_impaired

    @property
    def runs(self) -> bool:
        """Whether somebody sees a node run: its calls go on."""
        return self.is_node and self.conclusion in _RUNS

    @property
    def may_carry_calls(self) -> bool:
        """Whether a node may carry calls: somebody sees it run, or nobody can say.

        What AWS says is late: it says less than a port that answers, or a login. And a check that
        fails says nothing of calls.
        """
        is_dead = self.is_dead and not self.lets_in
        return self.runs or (self.is_node and not is_dead and self.conclusion in (_UNKNOWN, None))

    @property
    def is_for_the_operator(self) -> bool:
        """Whether a node is impaired, and only the operator can say if calls go on there."""
        is_unseen = self.is_impaired and not self.lets_in and self.conclusion == _UNKNOWN
        return is_unseen and self.may_carry_calls


@dataclass(frozen=True)
class Plan:
    """What is to be done.

    Attributes:
        steps: in order; the first that helps is the last.
        says: why so, where that isn't everything.
        next: what to type then, where these steps aren't enough; None where there is nothing.
    """

    steps: tuple[Step, ...] = ()
    says: str = ""
    next: str | None = None


def plan(
    seen: MachineObservation, to: Step | None = None, *, dead: bool = False, asks: bool = False
) -> Plan:
    """Which steps repair a machine.

    Args:
        seen: what is seen of it.
        to: the strongest step that may be taken; by default a stop and start.
        dead: the operator says that a node carries no calls; it counts where nobody can say it.
        asks: whether the operator is asked before each step, and so can say it then.
    """
    if seen.instance and (found := _as_aws_says(seen, seen.instance, to)):
        return found
    if seen.works:
        rest = "a disk there is nearly full" if seen.full else "there is nothing to repair"
        return Plan(says=f"{seen.name} works: {rest}.", next=seen.full or None)
    says = _IMPAIRED if seen.is_for_the_operator and not dead else ""
    if held := _held(seen, to, dead=dead or bool(says and asks)):
        return held
    if seen.lets_in and to is None and (found := _mildly(seen)):
        return found
    further = "look at it yourself" if seen.is_owners else _stronger(seen)
    return _up_to(to, _steps(seen), says, _if_you_know(seen) if says else further)


def step_after(taken: Step | None, decided: Plan) -> Step | None:
    """The next step of a plan: one that is stronger than the last; None where there is none.

    Args:
        taken: the last step; None before the first.
        decided: the plan, of a look since then.
    """
    weakest = 0 if taken is None else _ORDER.index(taken) + 1
    return next((one for one in decided.steps if _ORDER.index(one) >= weakest), None)


def costs_more(step: Step, agreed: MachineObservation, seen: MachineObservation) -> bool:
    """Whether a step costs more calls than it did when somebody agreed to it.

    Args:
        step: what was agreed to.
        agreed: what was seen then.
        seen: what is seen now.
    """
    if _cuts_nothing(step, seen):
        return False
    if agreed.is_node:
        return seen.may_carry_calls and not agreed.may_carry_calls
    return agreed.calls is not None and (seen.calls is None or seen.calls > agreed.calls)


def is_the_operators_word(step: Step, agreed: MachineObservation) -> bool:
    """Whether who agreed to a step has said that a node carries no calls, as nobody else can.

    Args:
        step: what was agreed to.
        agreed: what was seen then.
    """
    return agreed.is_for_the_operator and not _cuts_nothing(step, agreed)


def cost(step: Step, seen: MachineObservation) -> str:
    """What a step does, and what it costs in calls."""
    return f"{_MEANING[step]}: {_costs(step, seen)}"


def _cuts_nothing(step: Step, seen: MachineObservation) -> bool:
    """Whether a step leaves all calls alone."""
    return step is Step.SERVICES or not (seen.is_node or seen.role.product.folder)


def _costs(step: Step, seen: MachineObservation) -> str:
    calls = "calls" if seen.calls is None else f"{seen.calls} calls"
    if seen.is_node:
        if not seen.may_carry_calls:
            return "no call goes on there"
        if _cuts_nothing(step, seen):
            return "what runs is left alone"
        return f"{calls} that go on there are cut; only your word says that there are none"
    if _cuts_nothing(step, seen):
        return "it cuts no call"
    if seen.role is MASTER:
        return f"{calls} that go on there are cut"
    return (
        f"{calls} of the cluster lose their way to it until it's back; those that don't reconnect "
        "in time are cut"
    )


def _steps(seen: MachineObservation) -> tuple[Step, ...]:
    """All that could help, from mild to strong."""
    inside: tuple[Step, ...] = ()
    if seen.role.product.folder:
        inside = (Step.SERVICES, Step.DOCKER)
    if seen.docker_is_dead:
        # Nothing is started without it.
        inside = (Step.DOCKER,)
    if seen.is_owners:
        return (*inside, Step.REBOOT)
    instance = seen.instance
    # What has failed is below the machine, or isn't there: only another host helps.
    if instance and (instance.is_stopped or instance.system == "impaired"):
        return (Step.STOP_START, Step.REPLACE)
    return (*(inside if seen.lets_in else ()), Step.REBOOT, Step.STOP_START, Step.REPLACE)


def _up_to(to: Step | None, steps: tuple[Step, ...], says: str, further: str) -> Plan:
    strongest = _ORDER.index(to or Step.STOP_START)
    allowed = tuple(one for one in steps if _ORDER.index(one) <= strongest)
    return Plan(allowed, says, None if allowed == steps and Step.REPLACE in steps else further)


def _as_aws_says(
    seen: MachineObservation, instance: InstanceHealth, to: Step | None
) -> Plan | None:
    """What is done about an instance that is gone, or that AWS is going to stop; None of others."""
    stops = bool(instance.events) and not instance.is_down
    if seen.is_owners and (stops or (instance.is_dead and not seen.lets_in)):
        says = f"It is a machine of your own, of which AWS says: {instance}."
        return Plan(says=says, next=next_command(seen.name, instance))
    if instance.is_gone:
        return _up_to(to, (Step.REPLACE,), "The machine no longer exists.", _stronger(seen))
    return _before_an_event(seen, instance, to) if stops else None


def _stronger(seen: MachineObservation) -> str:
    return f"uv run openvidu-enterprise repair {seen.name} --to replace"


def _held(seen: MachineObservation, to: Step | None, *, dead: bool) -> Plan | None:
    """What is told of a machine that has to be left as it is; None of one that can be repaired."""
    if seen.refuses_key and (found := _locked(seen, to)):
        return found
    if not seen.lets_in and (seen.open or seen.conclusion in _RUNS):
        says = "It's serving, but lets nobody in over SSH: it isn't broken."
        back = "pulumi up --refresh, which puts back an address or a rule that AWS has lost; "
        keys = "check sshCidrs; with another key: uv run openvidu-enterprise rotate-ssh-key"
        return Plan(says=says, next=f"{'' if seen.is_owners else back}{keys}")
    if seen.runs or (seen.may_carry_calls and not dead):
        return _with_calls(seen)
    if not seen.lets_in and seen.is_owners:
        says = "It is a machine of your own that can't be reached: only you can start it."
        start = "start it;"
        if seen.instance:
            # A reboot by AWS keeps its addresses.
            start = f"aws ec2 reboot-instances --instance-ids {seen.instance.instance_id},"
        return Plan(says=says, next=f"{start} then: uv run openvidu-enterprise repair {seen.name}")
    return None


def _mildly(seen: MachineObservation) -> Plan | None:
    """What is done to one that lets in, where what is stronger helps nothing, or costs more."""
    mild = tuple(one for one in _steps(seen)[:1] if one in (Step.SERVICES, Step.DOCKER))
    if seen.full:
        again = f"{seen.full}; then: uv run openvidu-enterprise repair {seen.name}"
        return Plan(mild, "A disk there is nearly full: a stronger step wouldn't make room.", again)
    if seen.unfinished and not seen.docker_is_dead:
        return Plan(
            says="The last update hasn't started its services, and only an update installs "
            "what they need.",
            next="pulumi up",
        )
    if not seen.open:
        return None
    again = f"at a quiet moment: uv run openvidu-enterprise repair {seen.name} --to stop-start"
    mild = () if seen.docker_is_dead else mild
    return Plan(mild, "It's serving: any step stronger than a start would cut calls.", again)


def _locked(seen: MachineObservation, to: Step | None) -> Plan | None:
    """What is told of a machine that answers, and doesn't know the stack's key.

    From outside nothing brings that back but another machine. None of a node that nobody sees run:
    it is as any other of which nobody can say.
    """
    with_key = (
        "with a key that it accepts: uv run openvidu-enterprise rotate-ssh-key --key-file FILE"
    )
    says = "It doesn't accept the stack's SSH key, and only a new machine will."
    if seen.is_owners:
        says = "It doesn't accept the stack's SSH key: only you can let that in again."
        return Plan(says=says, next=f"put sshPublicKey into authorized_keys there; or {with_key}")
    if not seen.is_node:
        another = f"uv run openvidu-enterprise repair {seen.name} --to replace"
        when = "at a quiet moment, as it serves: " if seen.open else ""
        return _up_to(to, (Step.REPLACE,), says, f"{when}{another}; or {with_key}")
    if not seen.runs:
        return None
    told = f"uv run openvidu-enterprise retire --replace {seen.name}, then: pulumi up"
    ended = f"once its calls have ended: uv run openvidu-enterprise retire {seen.name} --dead"
    says += " Its calls go on: another takes its place."
    return Plan(says=says, next=f"{told}; {ended}; or {with_key}")


def _drained(seen: MachineObservation) -> str:
    return f"uv run openvidu-enterprise retire {seen.name}, then: pulumi up"


def _if_you_know(seen: MachineObservation) -> str:
    return f"if you know that it carries none: uv run openvidu-enterprise repair {seen.name} --dead"


def _with_calls(seen: MachineObservation) -> Plan:
    """A node that runs, or of which nobody can say: calls may go on."""
    if seen.conclusion is None:
        says = "The base can't say whether calls go on there: it's repaired first."
        return Plan(says=says, next="uv run openvidu-enterprise repair base")
    if seen.conclusion == _UNKNOWN:
        says = "Nobody can say whether calls go on there: it's left as it is."
        says = f"{_IMPAIRED} It's left as it is." if seen.is_for_the_operator else says
        return Plan(says=says, next=_if_you_know(seen))
    says = "It runs, and its calls go on: it's drained, never restarted."
    return Plan((Step.SERVICES,), says, _drained(seen))


def _before_an_event(seen: MachineObservation, instance: InstanceHealth, to: Step | None) -> Plan:
    """It runs, and AWS is going to stop it."""
    says = f"AWS has scheduled something: {', '.join(map(str, instance.events))}."
    if seen.may_carry_calls:
        return Plan(says=f"{says} Its calls are waited for: it's drained.", next=_drained(seen))
    again = f"uv run openvidu-enterprise repair {seen.name} --to stop-start"
    if seen.works and to is None:
        return Plan(says=says, next=f"at a quiet moment: {again}")
    return _up_to(to, (Step.STOP_START,), f"{says} On another host it's safe from that.", again)
