"""SSH by AWS's Session Manager: `sshVia ssm`, for which no port has to be open.

An agent on the machine holds a connection to AWS, and AWS leads who may start a session through it
to the machine's own port 22. It's still SSH from end to end, with its keys and the host key.
Source: AWS Systems Manager guide, "Allow and control permissions for SSH connections through
Session Manager"; "Add Session Manager permissions to an existing IAM role".
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence

import pulumi

from components.aws import provider
from components.aws.iam_policy import allowing
from components.aws.instance_role import instance_profile
from components.settings.mistakes import ConfigurationError, Mistake
from components.settings.stack_config import config_of_stack
from components.settings.table import Settings
from components.ssh_way import SSM, SshWay

PLUGIN = "session-manager-plugin"
"""What holds the other end of the connection, on the operator's computer."""
INSTALL = (
    "https://docs.aws.amazon.com/systems-manager/latest/userguide/"
    "session-manager-working-with-install-plugin.html"
)
_LAST_TOO_OLD = (1, 2, 497, 0)
"""Until then it took its token as an argument only, which every process list shows.

Source: aws-cli, customizations/sessionmanager.py, LAST_PLUGIN_VERSION_WITHOUT_ENV_VAR.
"""
OF_THE_AGENT: Mapping[str, object] = {
    "Action": [
        "ssm:UpdateInstanceInformation",
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
    ],
    "Resource": "*",
}
"""What a machine has to be allowed for sessions. AmazonSSMManagedInstanceCore has more: with it a
machine could read every parameter of the account's Parameter Store."""


def is_wanted(settings: Settings) -> bool:
    """Whether machines are reached so."""
    return settings.ssh_via == SSM


def way(settings: Settings, region: str, project: str, stack: str, machine: str) -> SshWay:
    """The way to a machine on AWS.

    Its instance is looked up by its tags at each connection: one that is made anew is found, too.

    Args:
        settings: says which it is.
        region: where it is; empty for the environment's own.
        project: its tag `project`.
        stack: its tag `stack`.
        machine: its name, as `node-1`.
    """
    if not is_wanted(settings):
        return SshWay()
    return SshWay(ssm=f"{region or '-'} {project} {stack} {machine}")


def profile(
    settings: Settings, tags: Mapping[str, str], parent: pulumi.Resource
) -> pulumi.Output[str]:
    """Register what lets machines take sessions; returns the instance profile's name.

    Args:
        settings: limits of what is made in IAM.
        tags: those that every resource carries.
        parent: the component that owns the machines.
    """
    return instance_profile("session", allowing(OF_THE_AGENT), settings, tags, parent)


def find_mistakes(settings: Settings) -> list[Mistake]:
    """What of the provider's configuration keeps commands from asking AWS for sessions."""
    if not is_wanted(settings):
        return []
    variables = provider.variables(*config_of_stack("aws"))
    withheld: Sequence[str] = json.loads(variables.get(provider.VARIABLE, "{}")).get(
        provider.WITHHELD, ()
    )
    if not withheld:
        return []
    problem = (
        "ssm asks AWS at each login, in a destroy too, and "
        f"{', '.join(map(_named, withheld))} of the configuration would have to be stored "
        "in the state in plain text for that"
    )
    removed = " && ".join(f"pulumi config rm {_named(key)}" for key in withheld)
    return [Mistake("sshVia", problem, f"{removed}; log in with AWS_PROFILE, or with a role")]


def _named(key: str) -> str:
    return f"aws:{key}"


def require_plugin(settings: Settings) -> None:
    """Look for the plugin on the operator's computer, where machines are reached so.

    A preview says what it lacks and goes on: it may run where SSH has no way.

    Raises:
        ConfigurationError: the update would get into no machine.
    """
    if not is_wanted(settings) or (problem := _lack()) is None:
        return
    mistake = Mistake("sshVia", problem, f"install it: {INSTALL}")
    if not pulumi.runtime.is_dry_run():
        raise ConfigurationError([mistake])
    pulumi.log.warn(f"{mistake.key}: {mistake.problem}. Next: {mistake.command}")


def _lack() -> str | None:
    """What is wrong with the plugin here; None where nothing is."""
    if shutil.which(PLUGIN) is None:
        return f"ssm needs {PLUGIN}, which isn't on the PATH of this computer"
    asked = subprocess.run([PLUGIN, "--version"], capture_output=True, text=True, check=False)
    found = re.fullmatch(r"\d+(?:\.\d+){3}", asked.stdout.strip())
    if found is None:
        said = (asked.stdout or asked.stderr).strip() or f"exit status {asked.returncode}"
        return f"ssm needs {PLUGIN}, but the one here gives as its version: {said}"
    if tuple(map(int, found[0].split("."))) <= _LAST_TOO_OLD:
        oldest = ".".join(map(str, _LAST_TOO_OLD))
        return f"ssm needs {PLUGIN} after {oldest}, and {found[0]} is here"
    return None
