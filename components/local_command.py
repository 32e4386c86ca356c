"""Commands on the operator's machine that follow machines over SSH, as resources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
from pulumi_command import local

from components.over_ssh import NOTHING, SHELL, TEXT
from components.settings.table import Settings


def local_command(  # noqa: PLR0913 - each is a thing of its own
    name: str,
    settings: Settings,
    variables: Mapping[str, pulumi.Input[str]],
    *,
    parent: pulumi.Resource,
    create: str = NOTHING,
    update: str = NOTHING,
    delete: str | None = None,
    triggers: Sequence[pulumi.Input[str]] = (),
    depends_on: Sequence[pulumi.Resource] = (),
    delete_before_replace: bool = False,
    replace_on_changes: Sequence[str] = (),
    ignore_changes: Sequence[str] = (),
    text: pulumi.Input[str] | None = None,
    deleted_with: pulumi.Resource | None = None,
) -> local.Command:
    """Register commands for `SHELL`.

    Args:
        name: name of the resource.
        settings: gives user and key for SSH.
        variables: `over_ssh.environment` and what else the commands need; kept in the state.
        parent: the component that owns it.
        create: what runs at first.
        update: what runs when a variable has changed.
        delete: what runs when it's removed or replaced, with the variables of the state.
        triggers: values whose change replaces it.
        depends_on: what has to be done before; deleted after it.
        delete_before_replace: whether `delete` comes before the new `create`.
        replace_on_changes: paths of inputs whose change replaces it.
        ignore_changes: paths of inputs that stay as they are in the state.
        text: what the commands read behind the private keys; may be secret.
        deleted_with: where this goes, too, `delete` isn't run.
    """
    keys = settings.ssh_private_keys
    stdin = keys if text is None else pulumi.Output.concat(keys, TEXT, text)
    return local.Command(
        name,
        interpreter=SHELL,
        create=create,
        update=update,
        delete=delete,
        environment={**variables, **settings.ssh_variables},
        stdin=pulumi.Output.secret(stdin),
        add_previous_output_in_env=False,
        triggers=list(triggers) or None,
        opts=pulumi.ResourceOptions(
            parent=parent,
            depends_on=list(depends_on),
            delete_before_replace=delete_before_replace,
            replace_on_changes=list(replace_on_changes),
            ignore_changes=list(ignore_changes),
            additional_secret_outputs=["stdout", "stderr"],
            deleted_with=deleted_with,
        ),
    )
