"""The program that runs on the base and moves nodes into and out of the load balancer.

`membership` and `openvidu`, zipped in memory so that the same source gives the same bytes.
"""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pulumi

from components.machine import Machine
from components.remote import fields, run_on, with_text
from components.settings.table import Settings
from components.way_out import proxy_fields
from openvidu.roles import BASE, BASTION, role_of

_PROJECT = Path(__file__).resolve().parent.parent
_PACKAGES = ("membership", "openvidu")
_MAIN = "import sys\n\nfrom membership.main import main\n\nsys.exit(main())\n"
_DATE = (2020, 1, 1, 0, 0, 0)


def bundle() -> str:
    """The program as a base64 text on one line: a zip file that `python3` runs."""
    files = {"__main__.py": _MAIN.encode()}
    for package in _PACKAGES:
        for path in sorted((_PROJECT / package).glob("*.py")):
            files[f"{package}/{path.name}"] = path.read_bytes()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _DATE), content, zipfile.ZIP_DEFLATED)
    return base64.b64encode(buffer.getvalue()).decode() + "\n"


def put_program(
    machine: Machine,
    settings: Settings,
    *,
    parent: pulumi.Resource,
    depends_on: Sequence[pulumi.Resource],
) -> pulumi.Resource:
    """Register the program on a machine; on the base it also keeps the load balancer's list.

    A bastion is told there by which proxy it downloads: it has no Docker.
    """
    role = role_of(machine.name)
    way_out = {"OWN_WAY": "true", **proxy_fields(settings)} if role is BASTION else {}
    text = fields({"KEEP": str(role is BASE).lower(), **way_out}) + bundle()
    return run_on(
        machine,
        f"{machine.name}-membership-program",
        "put-membership-program.sh",
        settings,
        parent=parent,
        stdin=pulumi.Output.secret(text) if "PROXY" in way_out else text,
        depends_on=depends_on,
    )


def put_policy(
    machine: Machine,
    settings: Settings,
    *,
    parent: pulumi.Resource,
    depends_on: Sequence[pulumi.Resource],
) -> pulumi.Resource:
    """Register what tells the program how nodes may leave and restart."""
    return run_on(
        machine,
        f"{machine.name}-drain-policy",
        "put-membership-file.sh",
        settings,
        parent=parent,
        stdin=_with_webhooks(settings, drain_policy(settings)),
        depends_on=depends_on,
    )


def _with_webhooks(settings: Settings, policy: str) -> pulumi.Input[str]:
    """The policy's file; secret where it names webhooks."""
    if not settings.notify:
        return with_text({"FILE": "drain-policy"}, policy)
    text = policy.rstrip("\n") + "\n" + webhooks(settings, pulumi.get_stack())
    return pulumi.Output.secret(with_text({"FILE": "drain-policy"}, text))


def webhooks(settings: Settings, stack: str) -> str:
    """Who is told of nodes, and by which way, as `membership.notification` reads it."""
    proxy = proxy_fields(settings)
    return fields(
        {
            "NOTIFY": json.dumps(settings.notify),
            "NOTIFY_STACK": stack,
            **{f"NOTIFY_{name}": value for name, value in proxy.items()},
        }
    )


def drain_policy(settings: Settings) -> str:
    """How nodes may leave and restart, as `membership.policy` reads it."""
    return fields(
        {
            "DRAIN_TIMEOUT_SECONDS": str(int(settings.drain_timeout.total_seconds())),
            "FORCE_AFTER_DRAIN_TIMEOUT": str(settings.force_after_drain_timeout).lower(),
            "MAX_UNAVAILABLE": str(settings.max_unavailable),
            "DRAIN_LAST_NODE": str(settings.drain_last_node).lower(),
            "DRAIN_WITHOUT_API": str(settings.drain_without_api).lower(),
            "CONFIG_CHANGE_TIMEOUT_SECONDS": str(
                int(settings.config_change_timeout.total_seconds())
            ),
            "CONFIG_CHANGE_DURING_CALLS": str(settings.config_change_during_calls).lower(),
            "UPGRADE_STRATEGY": settings.upgrade_strategy,
        }
    )
