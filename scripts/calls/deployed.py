"""What there is to call, as a stack's state knows it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

from components.resource_names import logical_name
from openvidu import environment, ports
from scripts.calls.stack import Node
from scripts.memberships import from_state, plain
from scripts.pulumi_cli import PulumiError
from scripts.stack_machines import Machine, machines, outputs_of

_SECRET = re.compile(rf"^{environment.OPENVIDU_SECRET}=(.+)$", re.MULTILINE)
_WITH_SECRET = ("base-env", "master-env", "bastion-cluster")
"""The resources that have brought the secret to where the API is asked."""
_NEXT = "  Next: pulumi up"


@dataclass(frozen=True)
class Deployed:
    """Where users come in, and what carries their calls, as the last update left it.

    Attributes:
        host: name or address that users come in by.
        port: likewise.
        secret: OPENVIDU_SECRET.
        main: the machine that the deployment begins with.
        nodes: by private address; those that leave, too.
        outputs: the stack's, of where the name has to lead.
    """

    host: str
    port: int
    secret: str = field(repr=False)
    main: Machine = field(repr=False)
    nodes: Mapping[str, Node]
    outputs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The public one, without a path."""
        port = "" if self.port == ports.HTTPS else f":{self.port}"
        return f"https://{self.host}{port}"

    @classmethod
    def of(cls, exported: Mapping[str, Any]) -> Self:
        """Read a state that was exported with its secrets shown.

        Raises:
            PulumiError: no update has come as far as to take calls.
        """
        there = machines(exported)
        main, *_ = there.values()
        outputs = outputs_of(exported)
        # Of each shape, whatever carries its API.
        url = urlsplit(str(outputs.get("inspectorUrl") or ""))
        secret = secret_of(exported["deployment"].get("resources", ()))
        if not url.hostname or secret is None:
            raise PulumiError(f"this stack takes no calls yet: no update has ended well.\n{_NEXT}")
        nodes = {
            one.private_ip: Node(name, there[name].host)
            for number, one in sorted(from_state(exported).items())
            if (name := f"node-{number}") in there
        }
        # A membership is the last that a node gets: without it, it may carry calls all the same.
        nodes |= {
            str(one["privateIp"]): Node(str(one["name"]), str(one.get("publicIp") or ""))
            for one in outputs.get("nodes") or ()
        }
        return cls(url.hostname, url.port or ports.HTTPS, secret, main, nodes, outputs)


def secret_of(resources: Iterable[Mapping[str, Any]]) -> str | None:
    """OPENVIDU_SECRET, as the last update left it; None before anything takes users.

    Args:
        resources: of a state that was exported with its secrets shown.
    """
    found = None
    for one in resources:
        if logical_name(one["urn"]) in _WITH_SECRET and not one.get("delete"):
            text = str(plain(one.get("inputs", {}).get("stdin")) or "")
            found = next((match[1] for match in _SECRET.finditer(text)), found)
    return found
