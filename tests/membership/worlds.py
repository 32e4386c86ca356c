"""A cluster that is told what to show, with a clock that moves only when somebody sleeps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from membership.answers import Answers, Call, Health, MediaNode, Refused, Unknown
from membership.clock import Clock, Elapsed
from membership.context import Context, Run
from membership.notification import Event
from membership.policy import Policy
from membership.registry import Node, Phase, Record, Registry
from membership.witnesses import Statement, Witness, Word
from openvidu.api import RUNNING, WAITING_IDLE_TO_TERMINATE

NODE = Node("node-2", "10.5.0.7", "i-2")
RUN = Run("test")
BUSY = MediaNode("media_2", NODE.ip, RUNNING, ("call-1", "call-2"))
IDLE = MediaNode("media_2", NODE.ip, RUNNING, ())
OTHER = MediaNode("media_1", "10.5.0.6", RUNNING, ())

Listed = list[MediaNode] | Unknown | Refused


class VirtualClock(Clock):
    """Time that passes only when somebody sleeps; the time of day may step."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.stepped = 0.0
        self._booted, self._boots = 0.0, 1

    def monotonic(self) -> float:
        return self.passed - self._booted

    def boot(self) -> str:
        return f"boot {self._boots}"

    def reboot(self, seconds: float) -> None:
        """Be away for so long, and begin to count anew."""
        self.passed += seconds
        self._booted, self._boots = self.passed, self._boots + 1

    def now(self) -> float:
        return 1_000_000 + self.passed + self.stepped

    def sleep(self, seconds: float) -> None:
        self.passed += seconds


class ScriptedCluster:
    """Shows one look after the other, and the last one for ever."""

    def __init__(self, looks: Iterable[tuple[Listed, Health]], done: list[str]) -> None:
        self._looks = iter(looks)
        self._now: tuple[Listed, Health] = ([], Unknown("not asked yet"))
        self._done = done
        self.waiting = False
        self.others_health: Health = Answers(200)
        self.own_calls: list[Call] | Unknown = Unknown("not asked")
        self.servers: dict[str, list[Call]] = {}
        self.answer_to_patch: Unknown | Refused | None = None

    def shows(self, looks: Iterable[tuple[Listed, Health]]) -> None:
        """Show other looks from now on."""
        self._looks = iter(looks)

    def media_nodes(self) -> Listed:
        self._now = next(self._looks, self._now)
        listed = self._now[0]
        if isinstance(listed, list) and self.waiting:
            return [
                replace(item, status=WAITING_IDLE_TO_TERMINATE) if item.ip == NODE.ip else item
                for item in listed
            ]
        return listed

    def calls(self) -> list[Call] | Unknown:
        return self.own_calls

    def calls_at(self, ip: str) -> list[Call] | Unknown:
        return self.servers.get(ip, Unknown("no answer"))

    def health(self, ip: str) -> Health:
        return self._now[1] if ip == NODE.ip else self.others_health

    def asked_first_at(self, ip: str) -> ScriptedCluster:
        self._done.append(f"ask at {ip}")
        return self

    def stop_new_sessions(self, node: MediaNode) -> Unknown | Refused | None:
        self._done.append(f"PATCH {node.id}")
        self.waiting = self.answer_to_patch is None
        return self.answer_to_patch

    def lists(self, ip: str) -> bool | Unknown | Refused:
        listed = self._now[0]
        return any(one.ip == ip for one in listed) if isinstance(listed, list) else listed


@dataclass
class ListOnly:
    """A load balancer that is only its list."""

    node_ips: tuple[str, ...]
    done: list[str]

    def add(self, ip: str, *, purpose: str, may: Callable[[], bool]) -> bool:
        if not may():
            return False
        self.done.append(f"add {ip}")
        self.node_ips = tuple(sorted({*self.node_ips, ip}))
        return True

    def remove(self, ip: str, *, purpose: str, may: Callable[[], bool]) -> bool:
        if not may():
            return False
        self.done.append(f"remove {ip}")
        self.node_ips = tuple(one for one in self.node_ips if one != ip)
        return True


@dataclass
class Scene:
    """Everything that a run works with, and what it did."""

    cluster: ScriptedCluster
    load_balancer: ListOnly
    registry: Registry
    clock: VirtualClock
    done: list[str]
    policy: Policy = field(default_factory=Policy)
    said: list[str] = field(default_factory=list)
    told: list[Event] = field(default_factory=list)

    @property
    def context(self) -> Context:
        return Context(
            self.cluster,  # type: ignore[arg-type]
            self.load_balancer,  # type: ignore[arg-type]
            self.registry,
            self.policy,
            self.said.append,
            self.clock,
            self.told.append,
        )

    def says(self, **words: tuple[Word, str]) -> None:
        """Have others than the base say something of the node, as `machine=(Word.RUNS, "…")`."""
        said = {Witness(who): Statement(*word) for who, word in words.items()}
        self.registry.testify(NODE, said, Elapsed.begin(self.clock))

    def record(self, number: int, **changes: object) -> None:
        """Note a node that has joined."""
        ip = f"10.5.0.{5 + number}"
        record = Record(f"node-{number}", ip, f"i-{number}", Phase.SERVING, 0, generation=1)
        self.registry.change(ip, lambda _: replace(record, **changes))  # type: ignore[arg-type]


def scene(
    folder: Path, looks: Iterable[tuple[Listed, Health]], others: tuple[int, ...] = (1,)
) -> Scene:
    """node-2 and other nodes, all of which have joined."""
    done: list[str] = []
    ips = tuple(f"10.5.0.{5 + number}" for number in sorted({2, *others}))
    made = Scene(
        ScriptedCluster(looks, done), ListOnly(ips, done), Registry(folder), VirtualClock(), done
    )
    for number in {2, *others}:
        made.record(number)
    return made
