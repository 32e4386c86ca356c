"""Who says what of a node, and what may be concluded from it. Pure.

Silence is no answer. A node has left, or is dead, when somebody says so who can see it: its
machine; AWS; the operator, as long as nobody sees it run. A port that refuses connections says only
that one service doesn't listen, or that a firewall rejects: calls are carried by others, so its
machine is asked. docs/scaling.md shows `RULES`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum

from membership.answers import Answers, Health, MediaNode, Refused, Silent, Unconnected, Unknown
from openvidu import api


class Witness(StrEnum):
    """Whom only the operator's machine can ask, or who is the operator."""

    MACHINE = "machine"
    """The node's machine, over SSH: do OpenVidu's containers run, is its port open?"""
    PEERS = "peers"
    """Another node's machine, over SSH: is the node's port open?"""
    AWS = "aws"
    """EC2's API: in which state is the instance?"""
    OPERATOR = "operator"
    """Who has said that the node is dead: `retire --dead`."""


SEE_IT_RUN = (Witness.MACHINE, Witness.PEERS)
"""Who can see that OpenVidu runs; AWS sees only the instance."""


class Word(StrEnum):
    """What a witness says of a node."""

    RUNS = "runs"
    STOPPED = "stopped"
    """OpenVidu doesn't run there, or the machine is gone."""
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Statement:
    """What a witness says.

    Attributes:
        word: in a word.
        told: as the operator reads it.
    """

    word: Word
    told: str


Testimony = Mapping[Witness, Statement]


class Conclusion(Enum):
    """What becomes of it."""

    SERVING = "serving"
    """It answers, and takes new sessions as far as anybody knows."""
    DRAINING = "draining"
    """It runs, and takes no new sessions."""
    LEFT = "left"
    """OpenVidu doesn't run there any more; the machine can be asked for its recordings."""
    DEAD = "dead"
    """There is no machine that could be asked, nor one that could carry calls."""
    UNKNOWN = "unknown"
    """Nobody can say: whatever it carries goes on."""

    @property
    def is_out(self) -> bool:
        """Whether it carries no calls for sure."""
        return self in (Conclusion.LEFT, Conclusion.DEAD)


@dataclass(frozen=True)
class Observation:
    """One look at a node from all sides.

    Attributes:
        listed: what the cluster lists under the node's address; None when it lists others only.
        health: what the node's own health endpoint says to the base.
        alone: no other node has anything to say: each refuses connections.
        nodes: all that the cluster lists.
        testimony: what was said by those whom the base can't ask, not long ago.
        drains: whether a drain of it was begun.
    """

    listed: MediaNode | Unknown | Refused | None
    health: Health
    alone: bool
    nodes: tuple[MediaNode, ...] = ()
    testimony: Testimony = field(default_factory=dict)
    drains: bool = False

    @property
    def is_refused(self) -> bool:
        """Whether the node's machine says that nothing listens on its port."""
        return isinstance(self.health, Silent)

    @property
    def is_draining(self) -> bool:
        """Whether the cluster says that the node takes no new sessions."""
        return (
            isinstance(self.listed, MediaNode)
            and self.listed.status == api.WAITING_IDLE_TO_TERMINATE
        )

    @property
    def is_unlisted(self) -> bool:
        """Whether the cluster says that it doesn't know the node.

        Where this was the last node nobody is left to say it; but something has to answer in its
        place, as a base's load balancer does: who sees nothing at all knows nothing.
        """
        nobody_left = isinstance(self.listed, Unknown) and not isinstance(self.listed, Unconnected)
        return self.listed is None or (self.alone and nobody_left)

    @property
    def was_asked_about(self) -> bool:
        """Whether others were asked a moment ago: its machine always is, among them."""
        return bool(set(self.testimony) - {Witness.OPERATOR})

    @property
    def changes_soon(self) -> bool:
        """Whether no calls keep it: it stops in a moment, or has stopped."""
        idle = isinstance(self.listed, MediaNode) and not self.listed.sessions
        return self.listed is None or (self.is_draining and idle) or conclude(self).is_out

    def says(self, witness: Witness, word: Word) -> bool:
        """Whether a witness says this."""
        statement = self.testimony.get(witness)
        return statement is not None and statement.word is word


@dataclass(frozen=True)
class Rule:
    """What has to be seen for a conclusion, in words and as a test."""

    seen: str
    fits: Callable[[Observation], bool]
    conclusion: Conclusion


def _answers(seen: Observation) -> bool:
    return isinstance(seen.health, Answers)


def _runs(seen: Observation) -> bool:
    return any(seen.says(witness, Word.RUNS) for witness in SEE_IT_RUN)


def _drains(seen: Observation) -> bool:
    return seen.is_draining or (seen.drains and not isinstance(seen.listed, MediaNode))


RULES = (
    Rule(
        "its port answers the base; its drain was begun",
        lambda seen: _answers(seen) and _drains(seen),
        Conclusion.DRAINING,
    ),
    Rule("its port answers the base", _answers, Conclusion.SERVING),
    Rule(
        "its machine or a peer says that it runs; its drain was begun",
        lambda seen: _runs(seen) and _drains(seen),
        Conclusion.DRAINING,
    ),
    Rule("its machine or a peer says that it runs", _runs, Conclusion.SERVING),
    Rule(
        "the operator says that it's dead (`retire --dead`)",
        lambda seen: seen.says(Witness.OPERATOR, Word.STOPPED),
        Conclusion.DEAD,
    ),
    Rule(
        "AWS says that the instance is stopped, terminated, or not there",
        lambda seen: seen.says(Witness.AWS, Word.STOPPED),
        Conclusion.DEAD,
    ),
    Rule(
        "its machine says that its port is closed, and that nothing that carries calls runs",
        lambda seen: seen.says(Witness.MACHINE, Word.STOPPED),
        Conclusion.LEFT,
    ),
    Rule(
        "its port refuses the base and the cluster doesn't list it, several times in a row, and "
        "its machine wasn't asked; a drain asks it first",
        lambda seen: seen.is_refused and seen.is_unlisted and not seen.was_asked_about,
        Conclusion.LEFT,
    ),
    Rule("anything else: time-outs, no route, silence", lambda _: True, Conclusion.UNKNOWN),
)
"""The first that fits decides."""


def conclude(seen: Observation) -> Conclusion:
    """What may be concluded from a look."""
    return next(rule.conclusion for rule in RULES if rule.fits(seen))


def has_to_be_asked_about(seen: Observation) -> bool:
    """Whether its machine has to be asked, before it may be gone on with."""
    found = conclude(seen)
    return (found is Conclusion.UNKNOWN or found.is_out) and not seen.was_asked_about


def is_certain(seen: Observation) -> bool:
    """Whether one look is enough: somebody who sees it from inside, or owns it, has said so."""
    return any(
        seen.says(witness, Word.STOPPED)
        for witness in (Witness.OPERATOR, Witness.AWS, Witness.MACHINE)
    )


def as_json(testimony: Testimony) -> str:
    """Testimony as a text, to be carried to the base and kept there."""
    return json.dumps({who: [one.word, one.told] for who, one in testimony.items()})


def from_json(text: str) -> Testimony:
    """Read what `as_json` wrote.

    Raises:
        ValueError: it's something else.
    """
    try:
        return {
            Witness(who): Statement(Word(word), str(told))
            for who, (word, told) in json.loads(text).items()
        }
    except (AttributeError, TypeError) as error:
        raise ValueError(f"no testimony: {error}") from None
