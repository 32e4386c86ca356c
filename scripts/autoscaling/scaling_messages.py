"""Tells those who are on call what autoscaling does, and what it can't: the key `notify`.

The same endpoints as of nodes, told from where this runs; topics of SNS by the stack's own login.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from components.settings.notified import topics
from components.settings.read import parsed
from membership.notification import Event, Notifier
from scripts import aws_session
from scripts.autoscaling.decision import Action, Decision
from scripts.notifying import login_as, proxies_of
from scripts.pulumi_cli import PulumiCli, PulumiError

WHO = "autoscale"
"""In the place of a node's name."""
_SHORTEST_SECRET = 4
"""A secret that is shorter would be found everywhere."""
_LOOKS = 3
"""Looks in a row that see nothing, until somebody is told: one may just be late."""


class Messages:
    """What is told, and what was told already."""

    def __init__(self, send: Callable[[Event], None]) -> None:
        """Begin without anything told.

        Args:
            send: hands an event over; nothing waits for it.
        """
        self._send = send
        self._unseen = 0
        self._failed = ""

    def decided(self, decision: Decision) -> None:
        """Tell of nodes that come or go, and of a cluster that isn't seen for a while, once."""
        if decision.is_blind:
            self._unseen += 1
            if self._unseen == _LOOKS:
                self._send(Event("unseen", WHO, _text(decision)))
            return
        if self._unseen >= _LOOKS:
            self._send(Event("seen", WHO, "the cluster is seen again"))
        self._unseen = 0
        if decision.wanted is not None:
            name = "scale-out" if decision.action is Action.OUT else "scale-in"
            self._send(Event(name, WHO, _text(decision), {"nodeCount": decision.wanted.count}))

    def failed(self, problem: str) -> None:
        """Tell of an update that was refused or failed; of the same one after the other once."""
        if problem != self._failed:
            self._send(Event("failed", WHO, problem))
        self._failed = problem

    def went_well(self) -> None:
        """What fails from now on is told anew."""
        self._failed = ""


def _text(decision: Decision) -> str:
    what = str(decision.action)
    if decision.wanted is not None:
        what += f" to {decision.wanted.count} nodes"
    return "\n".join([what, *(f"  {reason}" for reason in decision.reasons)])


def notifier(
    pulumi: PulumiCli, stack: str, say: Callable[[str], None], environment: Mapping[str, str]
) -> Notifier:
    """Who is told, by the stack's configuration; nobody where it names nobody.

    Args:
        pulumi: reads it.
        stack: the stack's name.
        say: is told when a message can't even be handed over.
        environment: has the proxy by which webhooks are reached from here.

    Raises:
        PulumiError: the key can't be read.
    """
    try:
        endpoints = parsed(pulumi.plain_config(), ["notify"]).notify
    except ValueError as error:
        raise PulumiError(
            f"notify must be {error}; the secret that is stored isn't.\n  Next: pulumi preview"
        ) from None
    if not endpoints:
        return Notifier(say=say)
    proxies = proxies_of(environment)
    known = {one for one in pulumi.secret_values() if len(one) >= _SHORTEST_SECRET}
    secrets = tuple(sorted(known, key=len, reverse=True))
    if not topics(endpoints):
        return Notifier(endpoints, stack, proxies, secrets, say)
    provider = aws_session.provider_of_stack(pulumi, pulumi.config())
    return Notifier(endpoints, stack, proxies, secrets, say, login_as(provider))


def messages(pulumi: PulumiCli, stack: str, say: Callable[[str], None]) -> Messages:
    """Messages to those whom the stack's configuration names, from this process's environment."""
    return Messages(notifier(pulumi, stack, say, os.environ).send)
