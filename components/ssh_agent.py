"""Whether the operator's own SSH agent can stand in for `sshPrivateKey`, before anything is done.

Its socket is in no state, and it's forwarded to no machine.
"""

from __future__ import annotations

import subprocess

import pulumi

from components.settings.mistakes import ConfigurationError, Mistake
from components.settings.table import Settings

_ADD = 'eval "$(ssh-agent)" && ssh-add FILE'


def require_agent(settings: Settings) -> None:
    """Look for the agent and its keys, where the configuration has it used.

    A preview says what it lacks and goes on: it may run where SSH has no way.

    Raises:
        ConfigurationError: the update would get into no machine.
    """
    if not settings.ssh_agent:
        return
    # Source: ssh-add(1): it fails with 1 where there is no key, with 2 where there is no agent.
    listed = subprocess.run(["ssh-add", "-L"], capture_output=True, text=True, check=False)
    said = (listed.stderr or listed.stdout).strip()
    mistake = find_mistake(listed.stdout if listed.returncode == 0 else None, said, settings)
    if mistake is None:
        return
    if not pulumi.runtime.is_dry_run():
        raise ConfigurationError([mistake])
    pulumi.log.warn(f"{mistake.key}: {mistake.problem}. Next: {mistake.command}")


def find_mistake(listed: str | None, said: str, settings: Settings) -> Mistake | None:
    """What is wrong with what an agent has.

    Args:
        listed: its public keys, one a line; None where there is no agent, or none with a key.
        said: why, then.
        settings: names the key that machines accept, if any.
    """
    if listed is None:
        return Mistake("sshAgent", f"there is no SSH agent with a key here: {said}", _ADD)
    key = settings.ssh_public_key
    if key and key.split()[1] not in listed.split():
        return Mistake(
            "sshAgent", "your SSH agent doesn't have the key of sshPublicKey", "ssh-add FILE"
        )
    return None
