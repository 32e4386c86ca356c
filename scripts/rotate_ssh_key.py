"""Has all machines of a stack take another SSH key, so that the old one can go.

uv run openvidu-enterprise rotate-ssh-key
pulumi up
uv run openvidu-enterprise rotate-ssh-key --finish

The first lets a new key in beside the old one everywhere, and stores it in the configuration once
every machine has taken it. `pulumi up` has the stack use it. The last takes the old key away.
Each may be run again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from components.certificates import ssh_public_key
from components.remote import fields, text_of
from scripts.display import waiting
from scripts.expected_errors import expected_errors
from scripts.init_stack import make_ssh_key
from scripts.pulumi_cli import PulumiCli, PulumiError
from scripts.stack_machines import Machine, machines, standbys_in

_SECONDS = 60.0
_WORKERS = 16
_PUBLIC, _PRIVATE = "sshPublicKey", "sshPrivateKey"


def main(
    *,
    finish: Annotated[
        bool, typer.Option("--finish", help="After `pulumi up`: remove the old key.")
    ] = False,
    key_file: Annotated[
        Path | None,
        typer.Option(help="Private key to use; default: a new one.", dir_okay=False),
    ] = None,
    stack: Annotated[str | None, typer.Option(help="Stack; the selected one by default.")] = None,
) -> None:
    """Have all machines take another SSH key.

    Examples:
      uv run openvidu-enterprise rotate-ssh-key
      uv run openvidu-enterprise rotate-ssh-key --key-file ~/.ssh/openvidu
      uv run openvidu-enterprise rotate-ssh-key --finish
    """
    console = Console(highlight=False, soft_wrap=True)
    with expected_errors():
        pulumi = PulumiCli(stack)
        exported = pulumi.export_state(show_secrets=True)
        if standbys := sorted(standbys_in(exported)):
            raise PulumiError(
                f"{', '.join(standbys)}: stopped as a standby, and so can't learn another key; "
                "nothing was changed.\n"
                "  Next: pulumi config set standbyNodes 0 && pulumi up, then the same again; set "
                "it back at the end"
            )
        there = machines(exported)
        if any("SSH_AGENT" in one.variables for one in there.values()):
            raise PulumiError(
                "machines are reached with the keys of your own SSH agent (sshAgent).\n"
                "  Next: add the new public key to authorized_keys there yourself, try "
                "it, and remove the old one"
            )
        configured = pulumi.get_config(_PRIVATE).strip() + "\n"
        if finish:
            _finish(there, configured)
            console.print("No machine accepts the old key any more.")
            return
        if key_file:
            private = key_file.read_text()
        elif _is_used(there, configured):
            private = make_ssh_key().private
        else:
            # A key that is configured and not used yet: from a run that was cut.
            private = configured
        _begin(there, private)
        pulumi.set_config(_PUBLIC, public_key(private))
        pulumi.set_config(_PRIVATE, private, secret=True)
        console.print(
            f"{', '.join(there)}: let the new key in. It is stored as {_PUBLIC} and {_PRIVATE}.\n"
            "Next: pulumi up\n"
            "Then: uv run openvidu-enterprise rotate-ssh-key --finish"
        )


def public_key(private: str) -> str:
    """The public half of a private key, as it stands in authorized_keys.

    Raises:
        PulumiError: it is no private key, or has a passphrase.
    """
    try:
        return f"{ssh_public_key(private)} openvidu-enterprise"
    except (ValueError, TypeError) as error:
        raise PulumiError(
            f"the key can't be read: {error}; it must be in OpenSSH's format, without a "
            "passphrase.\n"
            "  Next: ssh-keygen -t ed25519 -N '' -f FILE"
        ) from None


def _is_used(there: Mapping[str, Machine], private: str) -> bool:
    """Whether the stack's last update used a key on every machine."""
    return all(one.private_key.strip() == private.strip() for one in there.values())


def _begin(there: Mapping[str, Machine], private: str) -> None:
    """Let a key in everywhere, and try it.

    Raises:
        PulumiError: a machine doesn't take it; nothing is stored then.
    """
    new = public_key(private)

    def let_in(machine: Machine) -> None:
        old, with_new = public_key(machine.private_key), replace(machine, private_key=private)
        if old != new:
            try:
                _authorize(machine, KEY=new, INSTEAD_OF=old)
            except PulumiError:
                # One that has lost the old key may know the new one already.
                if not _lets_in(with_new):
                    raise
        with_new.ask("usage", _SECONDS)

    _everywhere(there, let_in, "letting the new key in", "Nothing was stored")


def _lets_in(machine: Machine) -> bool:
    try:
        machine.ask("usage", _SECONDS)
    except PulumiError:
        return False
    return True


def _finish(there: Mapping[str, Machine], private: str) -> None:
    """Take away what the configured key has replaced.

    Raises:
        PulumiError: the stack doesn't use that key yet, or a machine can't be asked.
    """
    if not _is_used(there, private):
        raise PulumiError("the stack doesn't use the configured key yet.\n  Next: pulumi up")
    key = public_key(private)
    _everywhere(
        there,
        lambda machine: _authorize(machine, KEY=key),
        "removing the old key",
        "The others let only the new key in",
    )


def _authorize(machine: Machine, **values: str) -> None:
    machine.ask("authorize", _SECONDS, AUTHORIZE=text_of("authorize-key.sh"), FIELDS=fields(values))


def _everywhere(
    there: Mapping[str, Machine], act: Callable[[Machine], None], what: str, otherwise: str
) -> None:
    """Do something on all machines at once.

    Raises:
        PulumiError: it can't be done on some; says on which, and what that means.
    """

    def tried(machine: Machine) -> str | None:
        try:
            act(machine)
        except PulumiError as error:
            return f"{error}\n  Next: uv run openvidu-enterprise repair {machine.name}"
        return None

    with ThreadPoolExecutor(_WORKERS) as pool, waiting(f"{what}: {', '.join(there)}"):
        errors = [error for error in pool.map(tried, there.values()) if error]
    if errors:
        told = "\n".join(errors)
        raise PulumiError(f"{what}:\n{told}\n  {otherwise}. When they can be reached: run it again")


if __name__ == "__main__":
    typer.run(main)
