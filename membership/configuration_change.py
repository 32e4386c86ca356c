"""The configuration that all nodes share: the bucket holds it, and a change restarts every node.

So a change waits for a moment without calls. What was changed in the bucket by others is changed
back. Each step looks at the world and does what is missing: running it again is resuming.
Source: page, "Configuration management".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from membership import earlier_secrets
from membership.answers import Answers, Call, Refused, Silent, Unconnected, Unknown
from membership.bucket import BucketUnreadableError
from membership.cluster_view import Cluster
from membership.confirmation import SECONDS, Confirmation
from membership.context import Context, Run
from membership.disk import replace_file
from membership.drain import Outcome
from membership.errors import MembershipError
from membership.joining import Joining
from membership.known_nodes import known_nodes, note
from membership.observation import look, numbers, who_sees_what
from membership.registry import FOLDER, Node, Phase
from membership.servers import Unseen, ask_servers, running
from membership.wait import Wait
from membership.witnesses import Conclusion, conclude, has_to_be_asked_about
from openvidu import environment

WANTED = FOLDER / "configuration"
"""What the stack wants: `put-membership-file.sh` writes it."""
SET = FOLDER / "configuration-set"
"""The names of what the stack has set before: one that is wanted no more is emptied."""

POLL_SECONDS = 2.0
SOON_SECONDS = 0.5
"""A restart may be over in a moment: it has to be seen."""
GOING_DOWN_SECONDS = 60.0
"""A node that's told to restart goes down within that time."""
RESTART_LIMIT = timedelta(minutes=15)
MASTER_SILENT_SECONDS = 60.0
"""How long a single master refuses connections before it counts as stopped: nobody else can say."""
_NAME = "configuration"
_UNCHANGED = "Nothing was changed, and the cluster goes on as it was."


class Stored(Protocol):
    """Where the configuration is kept."""

    def change(self, values: Mapping[str, str]) -> None:
        """Change values, and nothing else."""

    def configuration(self) -> dict[str, str] | None:
        """What nodes get at their next start; None before the first node's."""


@dataclass(frozen=True)
class Files:
    """The files on the base.

    Attributes:
        wanted: what the stack wants.
        kept: names of what it has set before.
    """

    wanted: Path = WANTED
    kept: Path = SET

    @property
    def earlier(self) -> Path:
        """The cluster's secrets of before."""
        return self.kept.with_name(earlier_secrets.FILE.name)

    def read(self) -> dict[str, str] | None:
        """What the stack wants; empty before it was told, None where that was lost since."""
        found = environment.parse(self.wanted.read_text()) if self.wanted.exists() else {}
        return None if not found and self.known() else found

    def known(self) -> set[str]:
        """Names of what the stack has set before."""
        return set(self.kept.read_text().split()) if self.kept.exists() else set()


def changes(
    wanted: Mapping[str, str], stored: Mapping[str, str], before: Collection[str]
) -> dict[str, str]:
    """What has to be changed in the bucket. Pure.

    Args:
        wanted: what the stack wants.
        stored: what the bucket holds.
        before: names of what the stack has set before.
    """
    gone = {name: "" for name in before if name not in wanted}
    return {
        name: value
        for name, value in {**gone, **wanted}.items()
        if _meant(name, stored.get(name, "")) != _meant(name, value)
    }


def _meant(name: str, value: str) -> str | list[str]:
    """What a value means: a list is the same in each of its forms."""
    return environment.items(value) if name in environment.LISTS else value


def drift(bucket: Stored, files: Files) -> list[str] | None:
    """Names of what the bucket holds otherwise than the stack wanted last; None: not known."""
    try:
        stored, wanted = bucket.configuration(), files.read()
    except BucketUnreadableError:
        return None
    if wanted is None:
        return None
    return [] if stored is None else sorted(changes(wanted, stored, files.known()))


def rotate(bucket: Stored, files: Files, context: Context) -> None:
    """Put secrets that have changed into the bucket: nodes need them to get anything from there.

    Source: page, "Configuration management": changed in the bucket, nodes have to be restarted.

    Raises:
        MembershipError: the bucket can't be read or written.
    """
    wanted, stored = _wanted(files), _stored(bucket)
    if stored is None:
        return
    changed = {
        name: wanted[name]
        for name in environment.LOGINS
        if name in wanted and wanted[name] != stored.get(name)
    }
    if environment.OPENVIDU_SECRET in changed and stored.get(environment.OPENVIDU_SECRET):
        earlier_secrets.keep(stored[environment.OPENVIDU_SECRET], files.earlier)
    if changed:
        try:
            bucket.change(changed)
        except BucketUnreadableError as error:
            raise MembershipError(
                _NAME,
                "putting changed secrets into the bucket",
                str(error),
                "The bucket may have changed. Nodes that run go on, with their calls.",
                "pulumi up",
            ) from None
        context.say(f"{_NAME}: changed in the bucket: {', '.join(changed)}")


def quiet(
    run: Run, context: Context, *, master: bool, nodes: bool = False, told: Sequence[Node] = ()
) -> Outcome | None:
    """Wait until there are no calls that a restart could cut, of base services by default.

    Args:
        run: who waits.
        context: what can be seen from that machine.
        master: whether it's a single master that restarts.
        nodes: whether it's every node, as others than the base have what they log in to.
        told: the nodes that the stack's state names.

    Returns:
        `DOUBT` where others have to be asked about a node; None where there are no calls.

    Raises:
        MembershipError: calls didn't end in time.
    """
    note(told, context)
    what = "the master restarts" if master else "the base services restart"
    what = "every node restarts" if nodes else what
    return _wait_for_no_calls(context.cluster, run, context, what, master=master)


def configure(
    bucket: Stored, files: Files, run: Run, context: Context, leaving: Collection[str] = ()
) -> Outcome | None:
    """Have the cluster run with the configuration that the stack wants.

    Args:
        bucket: where it's kept.
        files: what the stack wants.
        run: who waits.
        context: what can be seen and changed.
        leaving: addresses of nodes that go later in the update: they needn't come back.

    Returns:
        `DOUBT` where others have to be asked about a node; None when it's done.

    Raises:
        MembershipError: the bucket or the API refuses, calls didn't end in time, or nodes didn't
            come back; says what to type.
    """
    wanted = _wanted(files)
    stored = _stored(bucket)
    changed = {} if stored is None else changes(wanted, stored, files.known())
    context.say(f"{_NAME}: to change: {', '.join(sorted(changed)) or 'nothing'}")
    cluster = context.cluster
    if changed and stored is not None:
        # Until they have restarted, nodes take the secret that they were started with.
        cluster = cluster.with_secret(stored[environment.OPENVIDU_SECRET])
        if _wait_for_no_calls(cluster, run, context, "every node restarts") is Outcome.DOUBT:
            return Outcome.DOUBT
        _restart(cluster, changed, context)
        cluster = cluster.with_secret(wanted[environment.OPENVIDU_SECRET])
    if _wait_until_back(cluster, run, context, leaving, restarted=bool(changed)) is Outcome.DOUBT:
        return Outcome.DOUBT
    context.say(f"{_NAME}: the bucket holds what the stack wants")
    replace_file(files.kept, "\n".join(sorted(wanted)) + "\n")
    return None


def _wanted(files: Files) -> dict[str, str]:
    wanted = files.read()
    if wanted is None:
        raise MembershipError(
            _NAME,
            "reading what the stack wants",
            f"{files.wanted} is gone or empty, and {files.kept} isn't",
            _UNCHANGED,
            "pulumi up --replace '**configuration-wanted', which puts it there again",
        )
    return wanted


def _stored(bucket: Stored) -> dict[str, str] | None:
    try:
        return bucket.configuration()
    except BucketUnreadableError as error:
        raise MembershipError(
            _NAME, "reading the bucket", str(error), _UNCHANGED, "pulumi up"
        ) from None


def _wait_for_no_calls(
    cluster: Cluster,
    run: Run,
    context: Context,
    what_follows: str,
    *,
    master: bool = False,
) -> Outcome | None:
    """A restart ends sessions: it waits until there are none, or is told not to.

    One look isn't enough: a session may be on its way from node to node, or a list not filled yet.
    """
    if context.policy.change_during_calls:
        context.say(f"{_NAME}: configChangeDuringCalls is set: calls that are live will be cut")
        return None
    wait, joining = (
        Wait(_NAME, context, _NAME, run.id),
        Joining(context.clock, context.registry, run.id),
    )
    limit = context.policy.change_limit
    context = replace(context, cluster=cluster)
    without, silent = Confirmation(context.clock), Confirmation(context.clock)
    while True:
        look = _look(joining, run, context, master=master)
        without.look(says_so=look.is_quiet)
        silent.look(says_so=look.is_silent)
        if look.is_sure or without.seconds >= SECONDS or silent.seconds >= MASTER_SILENT_SECONDS:
            return None
        if wait.passed > limit and not (look.is_quiet or look.is_silent):
            repairs = _repairs(one.node.name for one in look.unseen)
            raise MembershipError(
                _NAME,
                f"waiting for a moment without calls, as {what_follows}",
                f"still {look.what(context)} after {limit}",
                _UNCHANGED,
                f"{repairs}wait again: pulumi up; or cut them: "
                "pulumi config set configChangeDuringCalls true && pulumi up",
            )
        if any(one.asks for one in look.unseen):
            return Outcome.DOUBT
        wait.progress(look.what(context), limit, then=f"; then {what_follows}")
        context.clock.sleep(POLL_SECONDS)


@dataclass(frozen=True)
class _Look:
    """One look for calls.

    Attributes:
        calls: those that there are; Unknown where the cluster doesn't say.
        unseen: nodes that may carry others.
        is_silent: a single master refuses connections.
        is_quiet: there are no calls, as far as one look can say.
        is_sure: that look is enough.
    """

    calls: list[Call] | Unknown
    unseen: Sequence[Unseen]
    is_silent: bool
    is_quiet: bool
    is_sure: bool = False

    def what(self, context: Context) -> str:
        """What is waited for: calls, nodes that may carry others, or to see it again."""
        if self.is_quiet:
            return "confirmation"
        unseen = [f"what {one} may carry" for one in self.unseen]
        if isinstance(self.calls, Unknown):
            return "; ".join((f"the API ({self.calls.reason})", *unseen))
        told = [numbers(len(self.calls), self.calls, context.clock.now())] if self.calls else []
        return "; ".join((*told, *unseen))


def _look(joining: Joining, run: Run, context: Context, *, master: bool) -> _Look:
    nodes = () if master else known_nodes(context)
    found = context.cluster.calls()
    if isinstance(found, Unconnected) and nodes:
        # The base's load balancer is down; what its nodes carry goes on.
        context = replace(context, cluster=context.cluster.asked_last_at(one.ip for one in nodes))
        found = context.cluster.calls()
    if isinstance(found, Refused):
        raise _refused(found)
    if isinstance(found, list):
        told = ask_servers(nodes, run, context)
        calls = joining.live([*{call.id: call for call in (*told.calls, *found)}.values()])
        is_quiet = not calls and not told.unseen
        return _Look(calls, told.unseen, is_silent=False, is_quiet=is_quiet)
    if master:
        is_silent = isinstance(found, Unconnected) and not context.cluster.is_served()
        return _Look(found, (), is_silent, is_quiet=False)
    # Where no node runs, nobody answers for the cluster.
    seen = running(nodes, run, context)
    is_quiet = not seen.unseen
    return _Look(found, seen.unseen, is_silent=False, is_quiet=is_quiet, is_sure=seen.is_sure)


def _repairs(names: Iterable[str]) -> str:
    return "".join(f"uv run openvidu-enterprise repair {name}; then " for name in names)


def _restart(cluster: Cluster, changed: Mapping[str, str], context: Context) -> None:
    answer = cluster.restart({name: _meant(name, value) for name, value in changed.items()})
    if isinstance(answer, Refused):
        raise _refused(answer)
    if isinstance(answer, Unknown):
        # Whether it came through will be seen in the bucket.
        raise MembershipError(
            _NAME, "changing the configuration", answer.reason, "It may have changed.", "pulumi up"
        )
    context.say(f"{_NAME}: changed; every node restarts")


def _wait_until_back(
    cluster: Cluster, run: Run, context: Context, leaving: Collection[str], *, restarted: bool
) -> Outcome | None:
    """Wait until every node answers and is listed, and the cluster says that it's UP.

    A node that restarts is back when it went down, or had the time to. One that is dead gets the
    configuration at its start, and isn't waited for.

    Returns:
        `DOUBT` where others have to be asked about a node.
    """
    left = {one.ip for one in context.registry.all() if one.phase is Phase.LEFT or one.leaving}
    # A node whose machine goes later in the update needn't come back, nor be well until then.
    others = (left | set(leaving)) & set(context.load_balancer.node_ips)
    waiting = set(context.load_balancer.node_ips) - others
    gone = set[str]() if restarted else set(waiting)
    wait = Wait(_NAME, context, "nodes-are-back", run.id)
    while True:
        had_time = wait.passed.total_seconds() > GOING_DOWN_SECONDS
        for ip in sorted(waiting):
            health = cluster.health(ip)
            if health == Answers(200):
                if (ip in gone or had_time) and cluster.lists(ip) is True:
                    waiting.discard(ip)
            elif isinstance(health, Answers | Silent):
                gone.add(ip)
            # Out of sight isn't down; a run that begins anew doesn't know who was to restart.
            elif had_time or not restarted:
                said = _said_of(ip, run, context)
                if said is Outcome.DOUBT:
                    return said
                if said is Outcome.GONE:
                    waiting.discard(ip)
                    others.add(ip)
        is_up = cluster.is_up()
        if not waiting and (is_up is True or (others and is_up is False)):
            return None
        shown = ", ".join(sorted(waiting)) or "the cluster"
        if wait.passed > RESTART_LIMIT:
            names = [one.name for one in context.registry.all() if one.ip in waiting]
            raise MembershipError(
                _NAME,
                "waiting until every node is back",
                f"{shown} not healthy after {RESTART_LIMIT}",
                "The configuration has changed.",
                f"{_repairs(names)}pulumi up",
            )
        wait.progress(f"{shown} to be UP again", RESTART_LIMIT)
        context.clock.sleep(SOON_SECONDS)


def _said_of(ip: str, run: Run, context: Context) -> Outcome | None:
    """What others say of a node out of sight: `GONE`, `DOUBT` where they have to be asked."""
    record = context.registry.get(ip)
    if record is None:
        return None
    seen = look(Node(record.name, ip, record.identity), context)
    if conclude(seen) is Conclusion.DEAD:
        told = who_sees_what(seen)
        context.say(f"{_NAME}: {record.name} isn't waited for, and gets it at its start ({told})")
        return Outcome.GONE
    return Outcome.DOUBT if run.asks and has_to_be_asked_about(seen) else None


def _refused(answer: Refused) -> MembershipError:
    return MembershipError(
        _NAME,
        "changing the configuration",
        f"the API answers {answer.status}: {answer.reason}",
        _UNCHANGED,
        "check openviduSecret against .env in the bucket, then: pulumi up",
    )
