"""What users of a call between browsers see while the cluster changes, and what they are told.

Each change has a call of its own, between two pages with openvidu-browser, so that what its users
saw is due to that change.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lab.bench.drains import gaps, updates
from lab.bench.drains.figures import Pictures, Said
from lab.bench.drains.labs import ScaledLab
from lab.bench.drains.running import running
from lab.calls.report import Call, Result
from lab.cloud import authority
from lab.errors import LabError
from openvidu.ports import REPLICATION_MANAGER

FEWER, MORE = 2, 3
BEFORE, AFTER = "2.29.0", "2.30.0"
"""Versions: OpenVidu upgrades by one minor version at a time."""
QUIET = "none"
_HELD_SECONDS = 3600.0
_PASSED_ON = (
    "ss --no-header --tcp --numeric state established "
    f"'( dport = :{REPLICATION_MANAGER} )' | awk '{{ print $4 }}' | cut --delimiter : --fields 1"
)
"""Prints the address of a node for each connection that nginx has to it."""
_RESTART = "cd /opt/ov-enterprise-base-services && docker compose restart loadbalancer"
_BY_THEMSELVES = ": disconnect"
"""How a client ends what it says when a page leaves: no change has to do with it."""


@dataclass(frozen=True)
class Change:
    """Something that happens to a cluster while a call goes on.

    Attributes:
        name: what it is, in words.
        act: makes it happen, told the name of the call's node; returns when all is over, for the
            call's users too.
        nodes: how many nodes there have to be when the call begins; None for those that are there.
        is_loss: whether a machine is lost by it.
    """

    name: str
    act: Callable[[str], object]
    nodes: int | None = None
    is_loss: bool = False


def configure(scaled: ScaledLab) -> None:
    """Choose, before the first deployment, a version to upgrade and a certificate to renew."""
    stack = scaled.lab.stack
    stack.set_config("openviduVersion", BEFORE)
    stack.set_config("certificateType", "owncert")
    _renew(scaled)


def look(scaled: ScaledLab, hold: float, number: int, every: float) -> list[Pictures]:
    """Change a cluster again and again, each time while two browsers have a call.

    Args:
        scaled: a cluster of two nodes, with room for one more, which was configured by `configure`.
            Afterwards it's broken.
        hold: seconds without a change; for which a drain is looked at; and after a crash.
        number: how often the load balancer's list is changed; an even one.
        every: seconds from one of these to the next, at least.

    Raises:
        LabError: an update failed, or a call couldn't be opened.
    """
    seen = _Looking(scaled, hold)
    return [seen.during(one) for one in seen.changes(number, every)]


def pictures(change: Change, begun: float, over: float, calls: Sequence[Call]) -> Pictures:
    """What the users of the one call saw. Pure.

    Args:
        change: during which it was.
        begun: Unix seconds.
        over: Unix seconds when the call was ended.
        calls: of the run; they are over.

    Raises:
        LabError: it's not one call between browsers.
    """
    if len(calls) != 1 or calls[0].seen is None:
        raise LabError(f"{change.name}: expected one call between browsers, found {calls}")
    said = tuple(
        Said(one["at"] - begun, one["user"], one["words"])
        for one in calls[0].seen.said
        if not one["words"].endswith(_BY_THEMSELVES)
    )
    return Pictures(
        change=change.name,
        seconds=over - begun,
        freeze=calls[0].seen.freeze,
        froze_after=calls[0].seen.since - begun,
        cut=calls[0].result is Result.CUT,
        is_loss=change.is_loss,
        said=said,
    )


class _Looking:
    """Changes of a cluster, and the calls for which they are made."""

    def __init__(self, scaled: ScaledLab, hold: float) -> None:
        self._scaled, self._hold = scaled, hold

    def changes(self, number: int, every: float) -> list[Change]:
        """All of them, in the order in which one leaves the cluster as the next one needs it."""
        return [
            Change(QUIET, lambda _: self._stay()),
            Change(f"{number} updates of the list", lambda node: self._edit(node, number, every)),
            Change(f"{FEWER} to {MORE} nodes", lambda _: self._scaled.scale(MORE)),
            Change("another node drains", self._another_drains, MORE),
            Change("its own node drains", self._its_own_drains, MORE),
            Change("the certificate is renewed", lambda _: self._new_certificate()),
            Change("openviduSecret changes", lambda _: self._new_secret()),
            Change(f"{BEFORE} to {AFTER}", lambda _: self._upgrade()),
            Change("the load balancer restarts", lambda _: self._restart(), is_loss=True),
            Change("the base is rebooted", lambda _: self._reboot(), is_loss=True),
            Change("another node crashes", self._another_crashes, MORE, True),
            Change("its own node crashes", self._crash, is_loss=True),
            Change("the base dies", lambda _: self._crash("base"), is_loss=True),
        ]

    def during(self, change: Change) -> Pictures:
        """Make a change happen to a new call."""
        scaled = self._scaled
        if change.nodes:
            scaled.scale(change.nodes)
        scaled.start_calls(1, _HELD_SECONDS, users=2, browsers=1)
        [call] = scaled.live()
        if call.result is not Result.LIVE:
            raise LabError(f"{change.name}: expected a call before it, found {call}")
        node = {ip: name for name, ip in scaled.addresses().items()}[call.node_ip]
        begun = time.time()
        change.act(node)
        over = time.time()
        calls = scaled.hang_up()
        ends = [one.end for one in calls if one.end]
        return pictures(change, begun, min([over, *ends]), calls)

    def _stay(self) -> None:
        time.sleep(self._hold)

    def _edit(self, node: str, number: int, every: float) -> None:
        updates.edit(self._scaled, self._scaled.addresses()[node], number, every)

    def _another_drains(self, node: str) -> None:
        self._retire(self._another(node))
        self._scaled.deploy(FEWER)

    def _its_own_drains(self, node: str) -> None:
        self._retire(node)
        self._wait_for_the_call("takes no new sessions from now on")
        self._scaled.lab.require_health(FEWER)

    def _new_certificate(self) -> None:
        _renew(self._scaled)
        self._scaled.deploy(FEWER)

    def _new_secret(self) -> None:
        self._scaled.lab.stack.set_config("openviduSecret", secrets.token_hex(), secret=True)
        self._wait_for_the_call(": waiting for ")

    def _upgrade(self) -> None:
        self._scaled.lab.stack.set_config("openviduVersion", AFTER)
        self._wait_for_the_call(": waiting for ")

    def _restart(self) -> None:
        self._scaled.on("base", _RESTART)
        self._stay()

    def _reboot(self) -> None:
        gaps.reboot(self._scaled)
        self._stay()

    def _another_crashes(self, node: str) -> None:
        self._crash(self._another(node))

    def _crash(self, name: str) -> None:
        self._scaled.crash(name)
        self._stay()

    def _another(self, node: str) -> str:
        """A node without the call: one that passes on WebSockets, if there is one."""
        passed = self._scaled.on("base", _PASSED_ON).split()
        others = {
            name: ip for name, ip in self._scaled.addresses().items() if name not in {"base", node}
        }
        return max(others, key=lambda name: passed.count(others[name]))

    def _retire(self, node: str) -> None:
        self._scaled.lab.operate("retire", node)

    def _wait_for_the_call(self, text: str) -> None:
        """Deploy: from a line of the update on it waits, here until the call is ended."""
        with running(self._scaled) as update:
            update.wait_for(text)
            self._stay()
            self._scaled.hang_up()
            update.finish()


def _renew(scaled: ScaledLab) -> None:
    """Configure another certificate for the same domain."""
    stack = scaled.lab.stack
    domain = str(stack.config()["openvidu-enterprise:domainOrPublicIp"]["value"])
    made = authority.issue([domain], directory=scaled.lab.supervisor.directory)
    stack.set_config("ownCertificate", made.certificate)
    stack.set_config("ownPrivateKey", made.key, secret=True)
