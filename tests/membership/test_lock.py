"""The lock of the list: one edits, others wait or are told, and whoever was taken over doesn't."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest

from membership.answers import Answers, Health, Refused, Silent, Unknown
from membership.clock import Clock, ConnectedClock, DisconnectedError
from membership.context import Context, Run
from membership.drain import IDLE_LOOKS, drain, remove
from membership.errors import MembershipError
from membership.join import join, prepare
from membership.load_balancer import LoadBalancer
from membership.lock import WAIT_SECONDS, LockTimeoutError, load_balancer_lock
from membership.ownership import claim
from membership.policy import Policy
from membership.registry import Phase
from membership.target_group import TargetGroup
from tests.membership.worlds import (
    BUSY,
    IDLE,
    NODE,
    OTHER,
    RUN,
    Listed,
    ListOnly,
    VirtualClock,
    scene,
)

HOUR = 3600.0


class Meanwhile(VirtualClock):
    """Has something happen once somebody has waited for so long."""

    def __init__(self, happens: Callable[[], object], after: float = 0) -> None:
        super().__init__()
        self._happens, self._after = happens, after

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.passed > self._after:
            self._happens()


def ignored(_: str) -> None:
    """Nobody listens."""


def held(file: Path) -> AbstractContextManager[int]:
    return load_balancer_lock(file, purpose="node-1 joins", say=ignored, clock=Clock())


def is_held(file: Path) -> bool:
    with file.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_who_waits_is_told_who_edits_and_goes_on_after_it(base_folder: Path) -> None:
    said: list[str] = []
    with ExitStack() as other:
        other.enter_context(held(base_folder / ".env.lock"))
        clock = Meanwhile(other.close, after=12)
        LoadBalancer(base_folder, say=said.append, clock=clock).add("10.5.0.8", purpose="test")
    who = f"node-1 joins ({os.uname().nodename}, process {os.getpid()})"
    told = f"waiting for the load balancer's list, which is locked by {who}"
    assert [line for line in said if line.startswith("waiting")] == [told] * 3
    assert "10.5.0.8" in LoadBalancer(base_folder).node_ips


def test_a_lock_that_is_not_freed_is_told_with_its_holder(base_folder: Path) -> None:
    clock = VirtualClock()
    with (
        held(base_folder / ".env.lock"),
        pytest.raises(LockTimeoutError, match=r"list is locked by node-1 joins \("),
    ):
        LoadBalancer(base_folder, say=ignored, clock=clock).add("10.5.0.8", purpose="test")
    assert WAIT_SECONDS < clock.passed < WAIT_SECONDS + 1


@pytest.mark.parametrize("step", [HOUR, -HOUR])
def test_no_step_of_the_time_of_day_frees_or_keeps_a_lock(base_folder: Path, step: float) -> None:
    with ExitStack() as other:
        other.enter_context(held(base_folder / ".env.lock"))
        clock = Meanwhile(other.close, after=100)
        clock.stepped = step
        LoadBalancer(base_folder, say=ignored, clock=clock).add("10.5.0.8", purpose="test")
    assert 100 < clock.passed < 101


def test_the_wait_ends_with_who_has_started_it(base_folder: Path) -> None:
    reading, writing = os.pipe()
    with held(base_folder / ".env.lock"):
        balancer = LoadBalancer(
            base_folder, say=lambda _: os.close(writing), clock=ConnectedClock(reading)
        )
        with pytest.raises(DisconnectedError):
            balancer.remove("10.5.0.6", purpose="test")
    os.close(reading)
    assert "10.5.0.6" in LoadBalancer(base_folder).node_ips


EDITS = """
import sys
from pathlib import Path
from membership.load_balancer import LoadBalancer
LoadBalancer(Path(sys.argv[1]), command_seconds=float(sys.argv[2])).add("10.5.0.8", purpose="it")
"""
WAITS = """\
#!/bin/bash
read -r <let-it-go
touch reloaded
"""


@contextmanager
def killed_in_its_reload(folder: Path, command_seconds: float) -> Iterator[None]:
    """Have a run edit the list, and kill it while its reload reads from `let-it-go`."""
    os.mkfifo(folder / "let-it-go")
    (folder / "base-services").write_text(WAITS)
    command = [sys.executable, "-c", EDITS, folder, str(command_seconds)]
    with subprocess.Popen(command) as editing, (folder / "let-it-go").open("w"):
        # It's open, so somebody reads.
        editing.send_signal(signal.SIGKILL)
        editing.wait()
        assert is_held(folder / ".env.lock")
        yield


def until_free(file: Path) -> None:
    with file.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)


def test_a_run_that_is_killed_frees_the_lock_once_its_reload_has_ended(base_folder: Path) -> None:
    with killed_in_its_reload(base_folder, command_seconds=HOUR):
        pass
    until_free(base_folder / ".env.lock")
    assert (base_folder / "reloaded").exists()


def test_a_reload_that_hangs_ends_though_its_run_was_killed(base_folder: Path) -> None:
    with killed_in_its_reload(base_folder, command_seconds=1):
        until_free(base_folder / ".env.lock")
    assert not (base_folder / "reloaded").exists()


BOTH = ("10.5.0.6", NODE.ip)
NEWER = Run("a newer update")
NOBODY = Unknown("GET /media-nodes answered 502")
IDLE_LOOK: tuple[Listed, Health] = ([IDLE, OTHER], Answers(200))
QUIET = [IDLE_LOOK] * IDLE_LOOKS
CALLED: tuple[Listed, Health] = ([BUSY, OTHER], Answers(200))


class TakenOver(ListOnly):
    """A list where one edit has to wait; when it's its turn, a newer run has the node."""

    waits: str
    context: Context

    def add(self, ip: str, *, purpose: str, may: Callable[[], bool]) -> bool:
        self._wait(purpose)
        return super().add(ip, purpose=purpose, may=may)

    def remove(self, ip: str, *, purpose: str, may: Callable[[], bool]) -> bool:
        self._wait(purpose)
        return super().remove(ip, purpose=purpose, may=may)

    def _wait(self, purpose: str) -> None:
        if purpose == f"node-2 {self.waits}":
            claim(NODE, NEWER, self.context)


def drained(context: Context) -> None:
    drain(NODE, RUN, context)


def removed(context: Context) -> None:
    claim(NODE, RUN, context)
    remove(NODE, RUN, context)


def joined(context: Context) -> None:
    context.cluster.media_nodes()
    join(NODE, 2, RUN, context)


def prepared(context: Context) -> None:
    prepare(NODE, RUN, context)


@pytest.mark.parametrize(
    ("waits", "act", "looks", "ips"),
    [
        ("leaves", removed, [([OTHER], Silent())], BOTH),
        ("joins", joined, [IDLE_LOOK], BOTH[:1]),
        ("is started", prepared, [([OTHER], Silent())], BOTH),
        ("is stopped", drained, QUIET, BOTH),
        ("got a call", drained, [*QUIET, CALLED], BOTH),
        ("is asked for its calls", drained, [(NOBODY, Answers(200))], ()),
    ],
)
def test_a_run_that_was_taken_over_while_it_waited_edits_nothing(
    tmp_path: Path,
    waits: str,
    act: Callable[[Context], None],
    looks: list[tuple[Listed, Health]],
    ips: tuple[str, ...],
) -> None:
    made = scene(tmp_path, looks, others=(1,) if ips else ())
    made.cluster.answer_to_patch = Refused(405, "no")
    made.policy = Policy(without_api=True)
    made.load_balancer = edits = TakenOver(ips, made.done)
    edits.waits, edits.context = waits, made.context
    with pytest.raises(MembershipError, match="a newer run works on it: a newer update"):
        act(made.context)
    done = [one for one in made.done if not one.startswith("PATCH")]
    assert done == (["remove 10.5.0.7"] if waits == "got a call" else [])


def test_an_address_that_another_machine_serves_at_meanwhile_stays(tmp_path: Path) -> None:
    """It was that of a machine that had just come when the edit had to wait."""
    made = scene(tmp_path, [])
    made.record(2, identity="i-new", phase=Phase.STARTING)
    take_out = made.load_balancer.remove

    def late(ip: str, *, purpose: str, may: Callable[[], bool]) -> bool:
        made.record(2, identity="i-new")
        return take_out(ip, purpose=purpose, may=may)

    made.load_balancer.remove = late  # type: ignore[method-assign]
    remove(NODE, RUN, made.context)
    assert not made.done
    assert made.said == [
        "node-2: 10.5.0.7 stays in the load balancer, for another machine that has it now"
    ]


def test_a_list_is_asked_about_once_nobody_else_can_edit_it(base_folder: Path) -> None:
    """On the base, and, with targets of AWS's, on the bastion."""
    for file, edits in (
        (base_folder / ".env.lock", LoadBalancer(base_folder, say=ignored)),
        (
            base_folder / "targets",
            TargetGroup("arn", lock=base_folder / "targets", client=object()),
        ),
    ):
        seen: list[bool] = []

        def may(file: Path = file, seen: list[bool] = seen) -> bool:
            seen.append(is_held(file))
            return False

        assert not edits.add("10.5.0.8", purpose="test", may=may)
        assert not edits.remove("10.5.0.6", purpose="test", may=may)
        assert seen == [True, True]
    assert LoadBalancer(base_folder).node_ips == ("10.5.0.6", "10.5.0.7")
