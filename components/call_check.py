"""A call on each node as the last step of an update: `checkCall`.

The call is had by `scripts.check_call_after_update`, from where Pulumi runs. It's a resource: an
update that changes nothing a call depends on has none, a preview shows when there'll be one, and
where it has failed the next update has it again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import pulumi
from pulumi_command import local

from components.digest import digest_of
from components.local_command import local_command
from components.machine import Machine
from components.settings.choices import AWS
from components.settings.mistakes import ConfigurationError, Mistake
from components.settings.table import Settings

NAME = "check-call"
"""The resource's. Its sessions are called so, too."""
NEEDS = ("aiortc", "websockets")
"""What a call takes, and nothing else here."""
INSTALL = "uv sync --extra calls"
_RUN = """\
python=.venv/bin/python
[ -x "$python" ] || python=python3
exec "$python" -m scripts.check_call_after_update\
"""


def missing() -> str:
    """What a call takes and isn't installed, in words; empty where it's all there."""
    return " and ".join(name for name in NEEDS if find_spec(name) is None)


def require_calls(settings: Settings) -> None:
    """See that an update can have the call that it's to end with, before anything is changed.

    Raises:
        ConfigurationError: it can't, as something isn't installed.
    """
    if settings.check_call and (lacking := missing()):
        problem = f"a call takes {lacking}, which isn't installed where pulumi runs"
        raise ConfigurationError([Mistake("checkCall", problem, INSTALL)])


def call_check(
    settings: Settings,
    main: Machine,
    url: pulumi.Input[str],
    nodes: Sequence[Machine],
    after: Sequence[pulumi.Resource],
    parent: pulumi.Resource,
) -> None:
    """Register the call, where it's wanted.

    Args:
        settings: say whether it is.
        main: the machine that the deployment begins with.
        url: the public one; its path is of no matter.
        nodes: the stack's.
        after: what has to be there before. When one of these, or a rule of a security group, is
            made anew or updated, there is a call.
        parent: the component that owns it.
    """
    if not settings.check_call:
        return
    rules = [rule for machine in (main, *nodes) for rule in machine.let_in]
    told = [_as_it_is(one) for one in dict.fromkeys([*after, *rules])]
    certificate = pulumi.Output.from_input(settings.own_certificate or "")
    variables: dict[str, pulumi.Input[str]] = {
        "URL": url,
        "NODES": pulumi.Output.all(*map(_known, nodes)).apply(json.dumps),
        "MAIN": main.name,
        "BASE_HOST": main.public_ip,
        "BASE_HOST_KEY": main.host_key,
        **main.way_as("BASE_SSH_WAY"),
        **main.provider,
        "CERTIFICATE_TYPE": settings.certificate_type,
        "TURN_SERVER": settings.turn_server or "",
        # Whose security groups are looked at when a call has failed.
        **({"STACK": pulumi.get_stack()} if settings.machines == AWS else {}),
        "CHANGED": pulumi.Output.unsecret(pulumi.Output.all(*told, certificate).apply(_digest)),
    }
    local_command(
        NAME,
        settings,
        variables,
        parent=parent,
        create=_RUN,
        update=_RUN,
        depends_on=after,
        # As in `remote.run_on`: what has failed is in the state as to be made.
        delete_before_replace=True,
        replace_on_changes=["create", "stdin", *(f"environment.{one}" for one in variables)],
        text=settings.openvidu_secret,
    )


def _known(node: Machine) -> pulumi.Output[dict[str, Any]]:
    return pulumi.Output.all(name=node.name, privateIp=node.private_ip, publicIp=node.public_ip)


def _as_it_is(resource: pulumi.Resource) -> pulumi.Output[Any]:
    """What is another value once a resource was made anew or a command ran again."""
    if isinstance(resource, local.Command):
        return pulumi.Output.all(resource.id, resource.environment)
    if isinstance(resource, pulumi.CustomResource):
        return pulumi.Output.all(resource.id)
    return pulumi.Output.all(resource.urn)


def _digest(values: Sequence[Any]) -> str:
    return digest_of(json.dumps(values, sort_keys=True))
