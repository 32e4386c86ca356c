"""Scale down: a node leaves without a call being cut.

Stop new sessions, wait until the node has left; then, once its recordings are in the bucket, take
its address out of the load balancer. Only then may its machine go. Each step looks at the world
and does what is missing: after a crash, running it again is resuming. Source: page, "Scale Down".

That a node can't be seen from here says nothing about its calls: then others are asked, and without
anybody's word it's waited for (`membership.witnesses`).
"""

from __future__ import annotations

from enum import IntEnum

from membership import notification
from membership.answers import Answers, MediaNode, Refused, Unknown
from membership.clock import Elapsed
from membership.confirmation import Confirmation
from membership.context import Context, Run
from membership.drain_queue import DrainQueue
from membership.errors import MembershipError
from membership.observation import calls_on, counted, in_words, look, who_sees_what
from membership.ownership import belongs_to_another, claim, is_newest, move, require_newest
from membership.registry import Node, Phase, Record
from membership.wait import Wait
from membership.witnesses import Conclusion, Observation, conclude, has_to_be_asked_about
from openvidu import api, release

POLL_SECONDS = 2.0
SOON_SECONDS = 0.5
"""Once the node carries no calls it stops in a moment, and then that has to be confirmed."""
LONGEST_POLL_SECONDS = 30.0
"""While the API gives no answer, it's asked less and less often."""
IDLE_LOOKS = 5
"""Looks in a row that must show no calls, before a node that the API doesn't drain is stopped."""
DOUBTS = 2
"""Looks in a row that say nothing, before others than the base are asked."""
STOP = "stop"
"""The note of a node that is to be stopped now."""
_CUT = "cut"
"""The note of a node whose calls are cut as that was chosen: it goes though it runs."""
_OVERDUE = "overdue"
"""The note of a node whose calls were waited for to the limit; with that, in seconds."""
_TOLD = "told"
"""The note of how often it was told that a drain is stuck, and then that it has ended."""
_ENDED = "ended"
_STUCK_SECONDS = 3600.0
"""After half of the limit it's told, and then each hour."""
_BEGUN = "begun"
"""The note of a node that takes no new sessions, as a run has seen it."""
MAY_GO = "may-go"
"""The note of a machine that may go though it runs, as when its calls were to be cut."""
KEPT = "The machine stays, and so do its calls."


class Outcome(IntEnum):
    """How a drain ended; the exit status tells it to whoever removes the machine."""

    LEFT = 0
    """The node has left; its machine is there and can be asked for its recordings."""
    GONE = 10
    """There's no machine to be asked."""
    STOP = 30
    """It carries no calls, and the API doesn't stop it: stop OpenVidu there, and run it again."""
    DOUBT = 20
    """Nobody who can be asked from the base can say: ask the others, and run it again."""


def drain(node: Node, run: Run, context: Context) -> Outcome:
    """Drain a node: returns when it has left the cluster.

    Raises:
        MembershipError: the node stays; says why and what to type.
    """
    if belongs_to_another(node, context):
        context.say(f"{node.name}: another machine has {node.ip} by now, and not {node.identity}")
        return Outcome.GONE
    before = claim(node, run, context)
    outcome = _Drain(node, run, context).wait()
    if outcome in (Outcome.LEFT, Outcome.GONE):
        move(node, Phase.LEFT, context)
        if before.phase is not Phase.LEFT:
            _tell_end(node, context)
    return outcome


def _tell_end(node: Node, context: Context) -> None:
    """Tell who is on call that a drain is over, once, however often that is looked at."""
    told, cut = (
        context.registry.noted(f"{name}-{node.ip}", node.identity) for name in (_TOLD, _CUT)
    )
    if told is None or told.text != _ENDED:
        now = Elapsed.begin(context.clock)
        context.registry.note(f"{_TOLD}-{node.ip}", node.identity, now, _ENDED)
        context.tell(notification.drain_ended(node.name, cut=cut is not None))


def remove(node: Node, run: Run, context: Context) -> None:
    """Take a node that has left out of the load balancer. Harmless when it's out.

    Raises:
        MembershipError: a newer run works on the node, or it runs again.
        ReloadError, LockTimeoutError: the load balancer goes on with the old list.
    """

    def may() -> bool:
        if not belongs_to_another(node, context):
            return bool(require_newest(node, run, context)) and _is_still_out(node, context)
        record = context.registry.get(node.ip)
        is_used = record is not None and record.phase in (Phase.SERVING, Phase.DRAINING)
        if is_used:
            context.say(
                f"{node.name}: {node.ip} stays in the load balancer, for another machine that "
                "has it now"
            )
        return not is_used

    if not context.load_balancer.remove(node.ip, purpose=f"{node.name} leaves", may=may):
        return
    context.registry.forget(node.ip)
    context.registry.note(f"{MAY_GO}-{node.ip}", node.identity, Elapsed.begin(context.clock))
    context.say(f"{node.name}: {node.ip} is out of the load balancer; its machine may go")

    def finished(record: Record | None) -> Record | None:
        done = record and record.leaving and record.run == run.id
        return None if done else record

    context.registry.change(node.ip, finished)


def _is_still_out(node: Node, context: Context) -> bool:
    """Make sure that a node hasn't come back since it was seen out, as after a reboot.

    Raises:
        MembershipError: it has, and may carry calls.
    """
    cut = context.registry.noted(f"{_CUT}-{node.ip}", node.identity)
    if cut is None and isinstance(context.cluster.health(node.ip), Answers):
        move(node, Phase.SERVING, context)
        raise MembershipError(
            node.name,
            "taking it out of the load balancer",
            "it runs again, and may carry calls",
            "The machine stays, and its calls go on.",
            "pulumi up, which drains it again",
        )
    return True


def abort(node: Node, run: Run, context: Context) -> None:
    """Stop the run that drains a node; it can join again. Source: page, "Scale Down", "Abort".

    Raises:
        MembershipError: it's too late: the machine goes, or has gone.
    """
    record = context.registry.get(node.ip)
    if record is None or record.identity != node.identity:
        raise _too_late(node, "set a higher nodeCount, then: pulumi up")
    _refuse_if_out(node, record, context)
    # The update may have taken it out meanwhile; from here on it can't.
    _refuse_if_out(node, claim(node, run, context), context)


def _refuse_if_out(node: Node, record: Record, context: Context) -> None:
    """Refuse to bring a node back that is out: one that is replaced keeps its record."""
    if record.phase is Phase.LEFT and node.ip not in context.load_balancer.node_ips:
        raise _too_late(node, "pulumi up, which brings it back, or another machine in its place")


def _too_late(node: Node, then: str) -> MembershipError:
    return MembershipError(
        node.name,
        "aborting its drain",
        f"it has left, and its machine, {node.identity}, goes",
        "Nothing was changed.",
        f"when that update has ended, {then}",
    )


class _Drain:
    """The wait of one run for one node."""

    def __init__(self, node: Node, run: Run, context: Context) -> None:
        self._node = node
        self._run = run
        self._world = context
        self._is_newest = is_newest(node, run, context)
        self._line = DrainQueue(node, run, context)
        self._wait = Wait(node.name, context, f"drain-{node.ip}", node.identity)
        context.registry.drop(STOP, node)
        context.registry.drop(_CUT, node)
        self._silent = self._doubts = self._idle = 0
        self._without_api = False
        overdue = context.registry.noted(f"{_OVERDUE}-{node.ip}", node.identity)
        # An earlier release didn't note for how long.
        self._waited = float(overdue.text or "inf") if overdue else None
        before = context.registry.noted(f"carried-{node.ip}", node.identity)
        self._carried = tuple(before.text.split()) if before else ()
        self._has_begun = context.registry.noted(f"{_BEGUN}-{node.ip}", node.identity) is not None
        if self._is_first("waits") and not self._has_begun:
            # What a run before has waited for was no drain: calls have had no time to end.
            self._wait.begin_again()

    def wait(self) -> Outcome:
        """Stop new sessions on the node, then wait until it has left the cluster."""
        out = Confirmation(self._world.clock)
        while True:
            require_newest(self._node, self._run, self._world)
            seen = look(self._node, self._world)
            found = conclude(seen)
            out.look(says_so=found.is_out)
            is_known = seen.was_asked_about or not self._run.asks
            if is_known and out.is_enough(seen):
                return self._ended(found, seen)
            if self._run.ends and self._run.ends.is_set():
                return Outcome.DOUBT
            if isinstance(seen.listed, MediaNode):
                self._carried = seen.listed.sessions
            if seen.is_draining:
                self._begin(seen)
            self._let_it_be_asked(seen)
            first = self._stop_new_sessions(seen)
            over = self._is_over(found) and not (found.is_out and is_known)
            if self._has_to_ask(seen, at_once=over):
                self._let_others_end()
                self._keep("carried", " ".join(self._carried))
                return Outcome.DOUBT
            if over:
                return self._give_up(found, seen)
            if self._without_api and self._may_be_stopped(seen):
                self._let_others_end()
                self._keep(STOP)
                return Outcome.STOP
            if self._wait.is_due:
                if first or not seen.changes_soon:
                    self._tell_choices()
                what = first or self._missing(found, seen)
                self._tell_stuck(what)
                self._wait.progress(what, self._world.policy.limit)
            self._pause(seen)

    def _let_others_end(self) -> None:
        """Where several drains wait together, all end for what one of them needs."""
        if self._run.ends:
            self._run.ends.set()

    def _tell_choices(self) -> None:
        """Say what can be typed while it's waited for, once a run, before the wait.

        Ctrl-C kills the update's command at once, and the update's error holds what was said until
        then. Source: pulumi-command, provider/pkg/provider/local/commandController.go, `run`.
        """
        name = self._node.name
        if self._is_first("choices"):
            self._say(
                "Ctrl-C ends only this update: no call is cut, and the same command, up "
                f"or destroy, continues. To keep {name}: uv run openvidu-enterprise "
                f"abort-drain {name}"
            )

    def _stop_new_sessions(self, seen: Observation) -> str | None:
        """Stop new sessions where that's to be done; returns what has to happen before."""
        answer: Unknown | Refused | None = None
        if self._without_api:
            return None
        if isinstance(seen.listed, Refused):
            answer = seen.listed
        elif isinstance(seen.listed, MediaNode) and not seen.is_draining and not seen.is_refused:
            if (reason := self._line.waits_for(seen)) is not None:
                # Waiting for others takes nothing from the time that its calls have.
                self._wait.begin_again()
                return f"its turn: {reason}"
            self._count_from_now()
            answer = self._world.cluster.stop_new_sessions(seen.listed)
            if answer is None:
                self._begin(seen)
                self._say("takes no new sessions from now on")
            elif isinstance(answer, Refused) and self._waits_without(answer):
                self._without_api = True
                self._say(f"the API answers {answer.status}: waits for a moment without calls")
                self._tell_wait(seen.listed, answer)
                return None
            elif isinstance(answer, Refused):
                move(self._node, Phase.SERVING, self._world)
        if isinstance(answer, Refused):
            raise self._refused(answer)
        return None

    def _begin(self, seen: Observation) -> None:
        """Note that it takes no new sessions: what is waited from here on counts for each run."""
        if not self._has_begun:
            self._has_begun = True
            self._keep(_BEGUN)
            self._keep(_TOLD, "0")
            calls = len(seen.listed.sessions) if isinstance(seen.listed, MediaNode) else None
            limit = self._world.policy.limit
            self._world.tell(notification.drain_began(self._node.name, calls, limit))

    def _tell_wait(self, node: MediaNode, answer: Refused) -> None:
        """Tell that it waits for a moment without calls, once for all runs of a drain."""
        noted = self._world.registry.noted(f"{_TOLD}-{self._node.ip}", self._node.identity)
        if noted is None or noted.text == _ENDED:
            self._keep(_TOLD, "0")
            calls, limit = len(node.sessions), self._world.policy.limit
            event = notification.drain_waits(self._node.name, calls, limit, answer.status)
            self._world.tell(event)

    def _tell_stuck(self, what: str) -> None:
        """Tell who is on call when half of the limit is over, then each hour, in whatever run."""
        passed, limit = self._wait.passed, self._world.policy.limit
        late = (passed - limit / 2).total_seconds()
        noted = self._world.registry.noted(f"{_TOLD}-{self._node.ip}", self._node.identity)
        told = noted.text if noted else "0"
        if not (self._has_begun or self._without_api) or late < 0:
            return
        times = 1 + int(late // _STUCK_SECONDS)
        if told.isdecimal() and times > int(told):
            self._keep(_TOLD, str(times))
            self._world.tell(notification.drain_stuck(self._node.name, what, passed, limit))

    def _count_from_now(self) -> None:
        """Count from a run's first try on a node that takes new sessions.

        What a run before has waited for, which was refused or ended before that, was no drain.
        """
        if self._is_first("asked"):
            for note in (_OVERDUE, _BEGUN):
                self._world.registry.drop(note, self._node)
            self._waited, self._has_begun = None, False
            self._wait.begin_again()

    def _waits_without(self, answer: Refused) -> bool:
        return self._world.policy.without_api and not answer.is_of_login

    def _may_be_stopped(self, seen: Observation) -> bool:
        """Whether it carries no calls, and gets none: then its address is out already.

        Its address leaves the list a moment before OpenVidu is stopped, so that no session is
        placed there in between. Who stops it looks once more, on the machine itself.
        """
        context, ip = self._world, self._node.ip
        self._idle = self._idle + 1 if _is_idle(seen) else 0
        if self._idle >= IDLE_LOOKS:
            context.load_balancer.remove(
                ip, purpose=f"{self._node.name} is stopped", may=self._is_newest
            )
            after = look(self._node, context)
            if _is_idle(after) or _is_asked_by_nobody(after):
                return True
            self._idle = 0
        if not self._idle and seen.listed and ip not in context.load_balancer.node_ips:
            context.load_balancer.add(
                ip, purpose=f"{self._node.name} got a call", may=self._is_newest
            )
        return False

    def _let_it_be_asked(self, seen: Observation) -> None:
        """Put a node that runs into a list that leads nowhere: nobody tells of its calls otherwise.

        So it is with a last one that wasn't stopped, and on a base that was made anew.
        """
        context, ip = self._world, self._node.ip
        if _is_asked_by_nobody(seen) and ip not in context.load_balancer.node_ips:
            context.load_balancer.add(
                ip, purpose=f"{self._node.name} is asked for its calls", may=self._is_newest
            )

    def _refused(self, answer: Refused) -> MembershipError:
        name = self._node.name
        meaning, command = KEPT, "check openviduSecret, then: pulumi up"
        if not answer.is_of_login:
            meaning = f"{KEPT} It still takes new ones; the page: {api.NODE_MANAGEMENT_PAGE}"
            command = (
                "wait until it carries no calls: uv run openvidu-enterprise status; then "
                f"stop it, which cuts what began meanwhile, on {name}: cd "
                f"{release.NODE.folder} && sudo ./{release.NODE.command} stop; then here: "
                "pulumi up. Or leave that to the program, within a second of such a moment: "
                "pulumi config set drainWithoutApi true && pulumi up"
            )
        return MembershipError(
            name,
            "stopping new sessions",
            f"the API answers {answer.status}: {answer.reason}",
            meaning,
            command,
        )

    def _missing(self, found: Conclusion, seen: Observation) -> str:
        """What is waited for, and who sees what of a node that can't be seen."""
        what = "a sign of it" if found is Conclusion.UNKNOWN else in_words(seen, self._world)
        unseen = found is Conclusion.UNKNOWN or seen.testimony
        return f"{what} ({who_sees_what(seen)})" if unseen else what

    def _asks_soon(self, seen: Observation) -> bool:
        return self._run.asks and has_to_be_asked_about(seen)

    def _has_to_ask(self, seen: Observation, *, at_once: bool) -> bool:
        """Whether others than the base have to be asked now; at the limit once more, at once."""
        asks = self._asks_soon(seen)
        self._doubts = self._doubts + 1 if asks else 0
        if at_once:
            return asks and self._is_first("asked-at-the-limit")
        return self._doubts >= DOUBTS

    def _ended(self, found: Conclusion, seen: Observation) -> Outcome:
        if found is Conclusion.LEFT:
            self._say("has left the cluster")
            return Outcome.LEFT
        lost = f", and with it {self._calls_lost}" if self._carried else ""
        self._say(f"the node is dead{lost}: {who_sees_what(seen)}")
        return Outcome.GONE

    @property
    def _calls_lost(self) -> str:
        return f"{counted(len(self._carried), 'call')} ({', '.join(self._carried)})"

    def _is_over(self, found: Conclusion) -> bool:
        """Whether its calls were waited for as long as they have; by a run before, too.

        Of one that is seen to run, and of which nobody says that it drains, that's long ago.
        """
        policy = self._world.policy
        counts = self._has_begun or found is Conclusion.UNKNOWN
        waited = (
            self._waited is not None and self._waited >= policy.limit.total_seconds() and counts
        )
        return self._wait.passed > policy.limit or (waited and policy.force)

    def _give_up(self, found: Conclusion, seen: Observation) -> Outcome:
        limit, what = self._world.policy.limit, self._missing(found, seen)
        if not self._world.policy.force:
            # The next run waits as long again, or cuts at once where that was chosen meanwhile.
            self._wait.begin_again()
            self._keep(_OVERDUE, str(limit.total_seconds()))
            self._keep(_TOLD, "0")
            raise self._overdue(found, what)
        cut = calls_on(seen, self._world) or []
        ids = f" ({', '.join(call.id for call in cut)})" if cut else ""
        self._say(f"{limit} have passed, and forceAfterDrainTimeout is set; cutting {what}{ids}")
        self._keep(_CUT)
        return Outcome.GONE

    def _overdue(self, found: Conclusion, what: str) -> MembershipError:
        name = self._node.name
        dead = f"; or, if it's dead: uv run openvidu-enterprise retire {name} --dead"
        return MembershipError(
            name,
            "waiting until it has left",
            f"still waiting for {what} after {self._world.policy.limit}",
            f"{KEPT} It {'still takes new' if self._without_api else 'takes no new'} sessions.",
            "wait again: the same command, pulumi up or destroy; or cut them"
            f"{' after as long again' if self._without_api else ''}: "
            "pulumi config set forceAfterDrainTimeout true && pulumi up; "
            f"or keep the node: uv run openvidu-enterprise abort-drain {name}"
            f"{dead if found is Conclusion.UNKNOWN else ''}",
        )

    def _pause(self, seen: Observation) -> None:
        # Who has to ask others soon doesn't wait for the API.
        silent = isinstance(seen.listed, Unknown) and not seen.alone and not self._asks_soon(seen)
        self._silent = min(self._silent + 1, 10) if silent else 0
        soon = (seen.changes_soon and not seen.alone) or self._idle
        usual = SOON_SECONDS if soon else POLL_SECONDS
        self._world.clock.sleep(min(usual * 2**self._silent, LONGEST_POLL_SECONDS))

    def _is_first(self, name: str) -> bool:
        """Whether this run does it for the first time: asking others has it begin here anew."""
        note, registry = f"{name}-{self._node.ip}", self._world.registry
        if registry.noted(note, self._run.id) is not None:
            return False
        registry.note(note, self._run.id, Elapsed.begin(self._world.clock))
        return True

    def _keep(self, name: str, text: str = "") -> None:
        """Note something of this machine for the next run."""
        now = Elapsed.begin(self._world.clock)
        self._world.registry.note(f"{name}-{self._node.ip}", self._node.identity, now, text)

    def _say(self, text: str) -> None:
        self._world.say(f"{self._node.name}: {text}")


def _is_idle(seen: Observation) -> bool:
    """Whether the cluster lists the node without a session; recordings and broadcasts have one."""
    return isinstance(seen.listed, MediaNode) and not seen.listed.sessions


def _is_asked_by_nobody(seen: Observation) -> bool:
    """Whether it runs, and nobody leads to the API: a base's load balancer has no node any more.

    Who stops it looks for calls on the machine itself.
    """
    unknown = isinstance(seen.listed, Unknown) and seen.is_unlisted
    return unknown and isinstance(seen.health, Answers)
