"""Scripts on machines: files of `machine/`, run as root over SSH with values on stdin."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

import pulumi
from pulumi_command import local, remote

from components.local_command import local_command
from components.machine import Machine
from components.over_ssh import MACHINES, command, environment
from components.settings.table import Settings
from components.ssh_way import PORT

_SCRIPTS = Path(__file__).resolve().parent.parent / "machine"
_SHARED = re.compile(r"^\. machine/(\S+)$", re.MULTILINE)
"""A line of a script that is replaced by a file that scripts share."""

RemoteCommand = remote.Command | local.Command
"""What runs a script on a machine; both have what it printed in `stdout`."""
_DIAL_ATTEMPTS = 60
"""pulumi-command waits up to 5 s between attempts: five minutes for a machine to boot."""
_DIAL_TIMEOUT_SECONDS = 15


def script(name: str) -> str:
    """Text of a script in `machine/` as a command that runs it as root.

    The script gets its values on stdin, so that none is in a process list.
    """
    return f"exec sudo -n bash -c {shlex.quote(text_of(name))} {name}"


def text_of(name: str) -> str:
    """Text of a script in `machine/`, with what it shares with others.

    What it reads of other programs is in English, whatever language the machine has.
    """
    text = (_SCRIPTS / name).read_text()
    return "export LC_ALL=C\n" + _SHARED.sub(lambda line: text_of(line[1]), text)


def _with_script(name: str, values: pulumi.Input[str]) -> pulumi.Output[str]:
    """A script and its values, for the stdin of a shell.

    The braces have the shell read the script as a whole before the values. As an argument it would
    be in the message of each failure, and what went wrong hard to find in it.
    """
    return pulumi.Output.concat("{\n", text_of(name), "\nexit\n}\n", values)


def text_with(name: str, values: str) -> str:
    """The same as a text, for who runs it apart from the engine.

    Args:
        name: the script's.
        values: as `fields` makes them.
    """
    return f"{{\n{text_of(name)}\nexit\n}}\n{values}"


def run_on(
    machine: Machine,
    name: str,
    script_name: str,
    settings: Settings,
    *,
    parent: pulumi.Resource,
    stdin: pulumi.Input[str] = "",
    triggers: Sequence[pulumi.Input[str]] = (),
    depends_on: Sequence[pulumi.Resource] = (),
) -> RemoteCommand:
    """Run a script of `machine/` on a machine, when it's new and when the script or input changed.

    One that failed runs again with the next update, whatever its input is by then: it may have
    changed the machine, and after an update that failed Pulumi knows the input before alone. So
    another input replaces the resource, which has nothing to delete, and is in the state as to be
    made until the script has ended well. Source: pulumi, pkg/resource/deploy/step_generator.go,
    `PendingReplacement`.

    Args:
        machine: where to run it.
        name: name of the resource.
        script_name: file in `machine/`; it must be safe to run twice.
        settings: gives user and key for SSH.
        parent: the component that owns the command.
        stdin: what the script reads; may be secret.
        triggers: values whose change runs the script on what is a new machine.
        depends_on: what has to be done before.
    """
    text = _with_script(script_name, stdin)
    triggers = [machine.identity, *triggers]
    depends_on = [*machine.depends_on, *depends_on]
    if machine.way.ssm:
        return local_command(
            name,
            settings,
            {**_by_sessions(machine), "SCRIPT": script_name, "LOCK": name},
            parent=parent,
            create=command("script"),
            update=command("script"),
            triggers=triggers,
            depends_on=depends_on,
            delete_before_replace=True,
            replace_on_changes=["stdin"],
            text=text,
        )
    return remote.Command(
        name,
        connection=_connection(machine, settings),
        create=f"exec sudo -n bash -s {script_name}",
        stdin=text,
        triggers=triggers,
        # sshd takes no variables from clients; what a script said before is nothing to it.
        add_previous_output_in_env=False,
        opts=_options(parent, depends_on),
    )


def reached(machine: Machine, settings: Settings) -> pulumi.Output[str]:
    """All that has `run_on` run a script once more, as a machine is reached in another way."""
    if machine.way.ssm:
        return pulumi.Output.json_dumps(_by_sessions(machine))
    return pulumi.Output.json_dumps(_connection(machine, settings))


def _options(
    parent: pulumi.Resource, depends_on: Sequence[pulumi.Resource]
) -> pulumi.ResourceOptions:
    """Those of a script that another input replaces, and that may print secrets."""
    return pulumi.ResourceOptions(
        parent=parent,
        depends_on=depends_on,
        additional_secret_outputs=["stdout", "stderr"],
        replace_on_changes=["stdin"],
        delete_before_replace=True,
    )


def _by_sessions(machine: Machine) -> dict[str, pulumi.Input[str]]:
    """How a machine is reached by Session Manager.

    pulumi-command dials itself, and knows no way but addresses.
    """
    return {
        **environment(MACHINES),
        "NODE_NAME": machine.name,
        "NODE_HOST": machine.public_ip,
        "NODE_HOST_KEY": machine.host_key,
        **machine.way_as("NODE_SSH_WAY"),
        **machine.provider,
    }


def _connection(machine: Machine, settings: Settings) -> remote.ConnectionArgsDict:
    """How pulumi-command gets to a machine.

    The socket of the operator's agent is left out: the provider takes it from SSH_AUTH_SOCK, and
    another one at each login would have every command run again.
    Source: pulumi-command, remote/connection.go, `SShConfig` and `Dial`.
    """
    connection: remote.ConnectionArgsDict = {
        "host": machine.public_ip,
        "user": settings.ssh_user,
        "host_key": machine.host_key,
        "dial_error_limit": _DIAL_ATTEMPTS,
        "per_dial_timeout": _DIAL_TIMEOUT_SECONDS,
    }
    if not settings.ssh_agent:
        connection["private_key"] = pulumi.Output.secret(settings.ssh_private_key)
    if machine.way.port != PORT:
        connection["port"] = machine.way.port
    if (jump := machine.way.jump) is None:
        return connection
    proxy: remote.ProxyConnectionArgsDict = {
        "host": jump.host,
        "port": jump.port,
        "user": jump.user or settings.ssh_user,
        "host_key": jump.host_key or "",
        "dial_error_limit": _DIAL_ATTEMPTS,
        "per_dial_timeout": _DIAL_TIMEOUT_SECONDS,
    }
    if not settings.ssh_agent:
        key = settings.ssh_jump_private_key or settings.ssh_private_key
        proxy["private_key"] = pulumi.Output.secret(key)
    connection["proxy"] = proxy
    return connection


def fields(values: Mapping[str, str]) -> str:
    """Values for a script's stdin: `NAME=value` lines and an empty line that ends them."""
    return "".join(f"{name}={value}\n" for name, value in values.items()) + "\n"


def with_text(values: Mapping[str, str], text: str) -> str:
    """Values, and a file's text with its length: where the connection is cut it isn't taken.

    Args:
        values: as for `fields`.
        text: whole lines.
    """
    return fields({**values, "TEXT_LINES": str(text.count("\n"))}) + text
