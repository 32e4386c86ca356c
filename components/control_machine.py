"""The machine that a cluster begins with, as nodes see it: the base, or the bastion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import pulumi

from components.endpoints import Endpoints
from components.machine import Machine


class ControlMachine(Protocol):
    """From there nodes join and drain, and it's told what they share.

    Attributes:
        machine: the machine.
        endpoints: what nodes connect to.
        version: the version of OpenVidu that nodes get.
        ready: what depends on a machine that's ready depends on these.
        downloads_after: what has to be there before something is downloaded on the machine.
    """

    machine: Machine
    endpoints: pulumi.Output[Endpoints]
    version: pulumi.Input[str]
    ready: Sequence[pulumi.Resource]
    downloads_after: Sequence[pulumi.Resource]
