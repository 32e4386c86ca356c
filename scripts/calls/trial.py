"""Has a call on each node that runs: two participants for each way, who hear each other or don't.

The load balancer places sessions. So one is made after the other until each node has had one, or
enough were made. A session is this check's own: its name is drawn here, and nothing but that name
is ever ended. One that is placed on a node that drains is ended at once.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit

from components.settings.choices import KURENTO
from openvidu import api
from openvidu.signalling import ANSWER_SECONDS
from scripts.calls import allocation
from scripts.calls.outcomes import (
    Heard,
    NodeCall,
    NoServer,
    Outcome,
    Silent,
    Tried,
    Unwilling,
)
from scripts.calls.participant import Participant
from scripts.calls.rest import Api, MediaNode, RefusedError, how_to_end
from scripts.calls.sound import SilentError, Sound
from scripts.calls.ways import Way

PREFIX = "check-call-"
"""What the names of its sessions begin with."""
TRIES_A_NODE = 5
"""nginx leads requests to its nodes in turns, and others ask meanwhile."""
_REFUSALS = 3
"""So many one after the other are enough."""
_PAUSE_SECONDS = 1.0
_Made = TypeVar("_Made")


class Trial:
    """Calls on nodes, one after the other."""

    def __init__(
        self,
        rest: Api,
        ways: Sequence[Way],
        say: Callable[[str], None],
        *,
        called: Callable[[str], str] = str,
        by_name: bool = False,
    ) -> None:
        """Choose the cluster; nothing is asked.

        Args:
            rest: its API.
            ways: how media are to go.
            say: is told what goes on.
            called: what the node at an address is called.
            by_name: whether a session can be told its media node, as a single master's can; in a
                cluster it's the load balancer that chooses.
        """
        self._rest, self._ways, self._say = rest, ways, say
        self._called, self._by_name = called, by_name
        self._ids: dict[str, str] = {}
        self._calls: dict[str, NodeCall] = {}
        self._placed: list[str] = []
        self._refusals: list[RefusedError] = []
        self._made: list[str] = []
        self._left: list[str] = []
        self._begun_at = 0

    async def run(self, only: Collection[str] | None = None) -> Tried:
        """Have a call on each node that runs.

        Args:
            only: addresses of nodes, where it's not all.
        """
        listed: list[MediaNode] = []
        wanted: list[str] = []
        try:
            listed = await self._rest.media_nodes()
            running = [
                one.ip
                for one in listed
                if one.status == api.RUNNING and (one.connected or not self._by_name)
            ]
            if self._by_name:
                self._ids = {one.ip: one.id for one in listed}
            wanted = [ip for ip in running if only is None or ip in only]
            await self._place(wanted, TRIES_A_NODE * len(running), len(listed))
        except RefusedError as error:
            self._refusals.append(error)
        return Tried(listed, wanted, self._calls, self._placed, self._refusals, self._left)

    @property
    def farewell(self) -> str:
        """What has become of its sessions, for who has interrupted it."""
        if self._left:
            return "\n".join(
                f"session {one} may still be there: it couldn't be ended.\n"
                f"  Next: {how_to_end(self._rest.url, one)}"
                for one in self._left
            )
        return f"its session is gone: {self._made[-1]}" if self._made else "no session was made"

    async def _place(self, wanted: Collection[str], tries: int, nodes: int) -> None:
        in_a_row = 0
        for number in range(1, tries + 1):
            missing = [ip for ip in wanted if ip not in self._calls]
            if not missing or in_a_row == _REFUSALS:
                return
            names = ", ".join(map(self._called, missing))
            self._say(f"session {number} of {tries} at most: for a call on {names}")
            try:
                if number > 1:
                    await self._pass_turns(number, nodes)
                self._begun_at = self._rest.asked
                async with self._session(self._ids.get(missing[0], "")) as session:
                    await self._call(session, number, missing)
                in_a_row = 0
            except RefusedError as error:
                self._refusals.append(error)
                if not error.transient:
                    return
                in_a_row += 1
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _pass_turns(self, number: int, nodes: int) -> None:
        """Ask for nothing, so that the next session isn't led to where the last one was.

        What one takes may be a whole number of nginx's rounds: each would come to the same node.
        Nodes have sessions one after the other so; who asks meanwhile, and more than one worker of
        nginx, leave it to chance.
        """
        since = self._rest.asked - self._begun_at
        further = (1 - since) % nodes if number <= nodes else secrets.randbelow(nodes)
        for _ in range(further):
            await self._rest.media_nodes()

    @asynccontextmanager
    async def _session(self, media_node: str) -> AsyncIterator[str]:
        """A session of this check's own, which is ended whatever happens."""
        name = f"{PREFIX}{secrets.token_hex(8)}"
        self._made.append(name)
        may_be_there = True
        try:
            try:
                await _to_its_end(self._rest.open_session(name, media_node))
            except RefusedError as error:
                # After a clear no, a session of that name is somebody else's.
                may_be_there = error.transient
                raise
            yield name
        finally:
            if may_be_there:
                self._say(f"ending {name}")
                await _to_its_end(self._end(name))

    async def _end(self, session: str) -> None:
        for last in (False, True):
            try:
                await self._rest.end_session(session)
            except RefusedError:
                if last:
                    self._left.append(session)
            else:
                return

    async def _call(self, session: str, number: int, missing: Collection[str]) -> None:
        """Join, and go on if that is on a node that misses a call."""
        joined: list[Participant] = []
        try:
            joined.append(await self._join(session))
            ip = await self._node_of(session)
            self._placed.append(ip)
            if ip not in missing:
                return
            media_server = joined[0].media_server
            outcomes: dict[Way, Outcome] = {}
            # It tells its addresses by messages of their own, which aiortc has no use for.
            if media_server != KURENTO:
                while len(joined) < 2 * len(self._ways):
                    joined.append(await self._join(session))
                self._say(f"{self._called(ip)}: a call, {', '.join(self._ways)}")
                pairs = zip(joined[::2], joined[1::2], strict=True)
                trying = [_hear(way, pair) for way, pair in zip(self._ways, pairs, strict=True)]
                found = await asyncio.gather(*trying)
                outcomes = dict(zip(self._ways, found, strict=True))
            self._calls[ip] = NodeCall(number, media_server, outcomes)
        finally:
            await asyncio.gather(*(one.drop() for one in joined), return_exceptions=True)

    async def _join(self, session: str) -> Participant:
        invitation = await self._rest.invite(session)
        url = f"wss://{urlsplit(self._rest.url).netloc}"
        self._rest.asked += 1
        return await Participant.join(url, self._rest.tls, ANSWER_SECONDS, session, invitation)

    async def _node_of(self, session: str) -> str:
        """Address of the node that carries a session; empty where it drains, or nobody tells."""
        ip = await self._rest.address_of(session)
        # It may have begun to drain since.
        running = [one.ip for one in await self._rest.media_nodes() if one.status == api.RUNNING]
        if not ip and len(running) == 1:
            return running[0]
        return ip if ip in running else ""


async def _to_its_end(act: Coroutine[Any, Any, _Made]) -> _Made:
    """Await what isn't to be left half done; who asks to end meanwhile, again and again, waits.

    A session that was asked for may be there although nobody has waited for the answer.
    """
    task = asyncio.ensure_future(act)
    asked: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError as error:
            asked = error
    if asked:
        raise asked from task.exception()
    return task.result()


async def _hear(way: Way, pair: Sequence[Participant]) -> Outcome:
    server = ""
    if way is not Way.STRAIGHT:
        turn = pair[0].turn
        server = turn.get("url", "")
        if not server.startswith("turn"):
            return NoServer()
        login = turn.get("username", ""), turn.get("credential", "")
        if found := await allocation.ask(way, server, *login):
            return found
    try:
        sound = await Sound.begin(pair, way)
    except SilentError as error:
        return Silent(error.heard, error.streams, error.announced, server)
    except RefusedError as error:
        return Unwilling(str(error))
    await sound.close()
    return Heard(len(sound.ears), server)
