"""What the users of a call go on to hear. Loaded by the first call that has sound."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from lab.calls.plan import LONGEST_SILENCE
from lab.calls.user import FellSilentError
from scripts.calls.participant import Participant
from scripts.calls.sound import LOOK_SECONDS, Sound
from scripts.calls.ways import Way


class CallSound(Sound):
    """The sound of one of the generator's calls."""

    @property
    def heard(self) -> dict[str, Any]:
        """What came of it, as the record has it."""
        gap, since = max(((ear.gap, ear.since) for ear in self.ears), default=(0.0, 0.0))
        lost = sum(ear.lost for ear in self.ears)
        found = {"gap": round(gap * 1000), "since": round(since, 3), "lost": lost}
        return {**found, "way": self.way.value}

    async def listen(self) -> None:
        """Listen, without an end.

        Raises:
            FellSilentError: somebody hears nothing any more.
        """
        while True:
            await self.look()
            silent = time.monotonic() - min(ear.last for ear in self.ears)
            if silent > LONGEST_SILENCE:
                reason = f"no sound for more than {LONGEST_SILENCE:g} s"
                raise FellSilentError(time.time() - silent, self.way, reason)
            await asyncio.sleep(LOOK_SECONDS)

    def turn_of(self, participant: Participant) -> dict[str, str]:
        """The node's TURN server, whatever users are told; or the one that they are told of."""
        if self.way is Way.TURN_SERVER:
            return participant.turn
        return {**participant.nodes_turn, "url": self.way.url(participant.nodes_turn["url"])}
