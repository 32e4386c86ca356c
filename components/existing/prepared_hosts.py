"""The cluster's machines where they exist already: each is prepared, and left as it was found."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from components.existing.hosts import Host
from components.existing.owner import this_stack
from components.local_command import local_command
from components.machine import Machine, once
from components.over_ssh import HOST, command, environment
from components.previous_state import PreviousState
from components.remote import script
from components.settings.table import Settings
from openvidu.roles import role_of


class ExistingMachines:
    """The machines of `hosts`: base or master first, then nodes."""

    def __init__(self, settings: Settings, previous: PreviousState) -> None:
        """Choose the settings; nothing is registered."""
        self._settings = settings
        self._there = previous

    def main(self, parent: pulumi.Resource) -> Machine:
        """Register the machine that users connect to."""
        return self.machine(self._settings.main_role.name, self._settings.hosts[0], (), parent)

    def node(
        self, number: int, after: Sequence[pulumi.Resource], parent: pulumi.Resource
    ) -> Machine:
        """Register the machine of a node; a change of it comes after what `after` names."""
        host = self._settings.hosts[number]
        return self.machine(f"node-{number}", host, after, parent)

    def machine(
        self,
        name: str,
        host: Host,
        after: Sequence[pulumi.Resource],
        parent: pulumi.Resource,
        depends_on: Sequence[pulumi.Resource] = (),
    ) -> Machine:
        """Register a machine; it's prepared once what it depends on is there, and released before.

        Args:
            name: `base`, `master`, `node-1`, …
            host: the machine.
            after: what has to be there before it changes.
            parent: the component that owns it.
            depends_on: what has to be there before it's prepared.
        """
        role, way = role_of(name), host.way.as_text()
        product = role.product
        before = self._there.hosts.get(name)
        is_there = before is not None and before.is_same_machine(host)
        # One that is there keeps what it's known as, also with another host key; of a stack that an
        # earlier release has deployed, and its base's notes, that's the id of the resource.
        identity = self._there.identities.get(name, "") if is_there else host.identity
        prepared = local_command(
            name,
            self._settings,
            {
                **environment(HOST),
                "NODE_NAME": name,
                "NODE_HOST": once(after, host.public_ip),
                "NODE_HOST_KEY": host.host_key or "",
                **({"NODE_SSH_WAY": way} if way else {}),
                **({"MACHINE_IDENTITY": identity} if identity else {}),
                "NODE_IP": host.private_ip,
                "PREPARE_HOST": script("prepare-host.sh"),
                "RELEASE_HOST": script("release-host.sh"),
                "FIELDS": (
                    f"FOLDER={product.folder}\nCOMMAND={product.command}\nROLE={role.name}\n"
                    f"STACK={this_stack()}{_adopted(host)}"
                ),
            },
            parent=parent,
            create=command("prepare"),
            update=command("prepare-again"),
            delete=command("release"),
            triggers=[host.host_key or "", once(after, host.public_ip), host.private_ip],
            depends_on=depends_on,
            # A node's number is one machine at a time.
            delete_before_replace=True,
            # They told apart machines that are the same: with another host key nothing goes.
            ignore_changes=["triggers"] if is_there else (),
        )
        return Machine(
            name=name,
            private_ip=host.private_ip,
            public_ip=pulumi.Output.from_input(host.public_ip),
            # Unknown while it's prepared anew: what was put there is to be put there again.
            identity=prepared.id.apply(lambda resource: identity or resource),
            host_key=pulumi.Output.from_input(host.host_key or ""),
            depends_on=[prepared],
            way=host.way,
            present=f"existing {pulumi.get_project()} {pulumi.get_stack()}",
        )


def _adopted(host: Host) -> str:
    """The line that says whose the OpenVidu is that the host's owner installed."""
    return "" if host.adopted is None else f"\nADOPTED={str(host.adopted).lower()}"
