"""What a generator is told: how many calls, of what length, through which door."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from components.settings.choices import KURENTO
from lab.calls.lengths import Lengths
from openvidu import signalling
from scripts.calls.ways import Way

_MOST_WITH_SOUND = 50
LONGEST_SILENCE = 5.0
"""Seconds without a packet of sound, or at the end without a picture: then a call counts as cut."""
USUAL_MEDIA = 2
"""Calls with sound, unless another number is asked for: two processors bear that."""


@dataclass(frozen=True)
class Door:
    """Where calls come in.

    Attributes:
        url: the cluster's public URL, without a path: `https://openvidu.example.io`.
        secret: OPENVIDU_SECRET.
        authority: file with the certificate authority to trust; None for a self-signed
            certificate, which is accepted as a user would accept it.
    """

    url: str
    secret: str
    authority: str | None = None

    def trust(self) -> ssl.SSLContext:
        """Whom to trust there."""
        context = ssl.create_default_context(cafile=self.authority)
        if self.authority is None:
            # Self-signed, as on the page: users accept it in their browser.
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


@dataclass(frozen=True)
class Pace:
    """A client's patience, in seconds; openvidu-browser's own, unless said otherwise.

    Attributes:
        ping: between two pings.
        pong: for the answer to one, after which the socket counts as broken.
        answer: for any other answer.
        retry: between two tries to reconnect.
    """

    ping: float = signalling.PING_SECONDS
    pong: float = signalling.PONG_SECONDS
    answer: float = signalling.ANSWER_SECONDS
    retry: float = signalling.RETRY_SECONDS

    @property
    def longest_away(self) -> float:
        """From the last ping to the eviction, where the server doesn't see the socket break."""
        return signalling.MISSED_PINGS * self.ping + signalling.AWAY_SECONDS


class MediaError(ValueError):
    """A text that doesn't say which calls carry sound; it says what was expected."""


@dataclass(frozen=True)
class Media:
    """Which calls carry sound.

    Attributes:
        count: how many at a time.
        ways: how it goes, in turns.
    """

    count: int = 0
    ways: Sequence[Way] = (Way.STRAIGHT,)

    @classmethod
    def parse(cls, text: str) -> Media:
        """Read `3`, or `3:straight,turn-tcp`.

        Raises:
            MediaError: it is neither.
        """
        count, colon, ways = text.partition(":")
        try:
            made = cls(int(count), tuple(map(Way, ways.split(",")))) if colon else cls(int(count))
        except ValueError:
            made = cls(-1)
        if not 0 <= made.count <= _MOST_WITH_SOUND:
            raise MediaError(
                f"{text!r}: expected a number up to {_MOST_WITH_SOUND}, and how sound goes, "
                f"unless straight, as in 3:{','.join(Way)}"
            )
        return made

    @classmethod
    def usual(cls, media_server: str, participants: int) -> Media:
        """What is taken unless another number is asked for: none where nobody could hear it.

        Args:
            media_server: the cluster's; empty for the usual one.
            participants: of a call.
        """
        return cls(USUAL_MEDIA if media_server != KURENTO and participants > 1 else 0)

    def way_of(self, place: int) -> Way | None:
        """How the sound of the call at a place goes; None where it has none."""
        return self.ways[place % len(self.ways)] if place < self.count else None


@dataclass(frozen=True)
class Plan:
    """The calls to make.

    Attributes:
        door: where they come in.
        count: calls, or with `keep` calls at a time.
        lengths: seconds from the last participant's joining to the end.
        participants: a call.
        over: seconds over which the first `count` calls begin; 0 for all at once.
        keep: whether a call that is over is followed by another one.
        seed: chooses the lengths.
        media: which of the other calls carry sound.
        browsers: how many of the calls are between real browsers: the first ones.
        pace: of its users' clients.
    """

    door: Door
    count: int
    lengths: Lengths
    participants: int = 2
    over: float = 0.0
    keep: bool = False
    seed: int = 0
    media: Media = Media()
    browsers: int = 0
    pace: Pace = Pace()

    def as_json(self) -> dict[str, Any]:
        """The plan for `parse`; holds the secret."""
        return asdict(self)

    def for_record(self) -> dict[str, Any]:
        """The plan without the secret."""
        return asdict(replace(self, door=replace(self.door, secret="")))

    @classmethod
    def parse(cls, raw: dict[str, Any]) -> Plan:
        """The plan from `as_json`."""
        parts = {"door": Door, "lengths": Lengths, "pace": Pace}
        made = {name: kind(**raw[name]) for name, kind in parts.items()}
        media = Media(raw["media"]["count"], tuple(map(Way, raw["media"]["ways"])))
        return cls(**{**raw, **made, "media": media})
