"""The bastion: a small machine that carries no calls, from which nodes join and drain.

Who drains a node must not be that node: it's asked, and watched, until nothing is left of it. In
the other shapes that is the base's part. The bastion reaches nodes inside the network, and may
edit one target group; while it's away, calls go on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi

from components import down, installation
from components.aws import notified_topics, session_manager
from components.aws.health import Health
from components.aws.iam_policy import allowing
from components.aws.instance_role import instance_profile
from components.aws.instances import AwsMachines
from components.endpoints import Endpoints
from components.env_files import bastion_env, logins, shared_env
from components.machine import Machine
from components.managed.aws_services import ManagedServices
from components.membership_program import put_policy, put_program
from components.on_base import on_base, quiet
from components.previous_state import PreviousState
from components.remote import fields, run_on, with_text
from components.settings.table import Settings
from components.upgrade_path import change_of

_USABLE_AFTER = "60"
"""Seconds until what was just made is known everywhere: names, and keys of users."""
_TARGETS = ("elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeregisterTargets")


class Bastion(pulumi.ComponentResource):
    """The bastion, ready for nodes to join from there.

    Attributes: see `components.control_machine.ControlMachine`.
    """

    machine: Machine
    endpoints: pulumi.Output[Endpoints]
    version: pulumi.Input[str]
    ready: Sequence[pulumi.Resource]
    downloads_after: Sequence[pulumi.Resource]

    def __init__(
        self,
        settings: Settings,
        machines: AwsMachines,
        services: ManagedServices,
        previous: PreviousState,
        aws_says: Health,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register the bastion.

        Args:
            settings: what to deploy.
            machines: registers the machine.
            services: those of the cluster.
            previous: what is deployed.
            aws_says: how the stack's instances are.
            opts: options of the component.
        """
        super().__init__("openvidu-enterprise:index:Bastion", "bastion", None, opts)
        group = services.load_balancer.target_group
        profile = _profile(group, settings, machines, self)
        self.machine = machine = down.require_another(machines.main(self, profile), aws_says)
        self.endpoints, self.version = services.endpoints, settings.openvidu_version
        program = put_program(machine, settings, parent=self, depends_on=[])
        policy = put_policy(machine, settings, parent=self, depends_on=[])
        self.downloads_after = [program]
        usable = self._services(settings, services, program)
        restart: dict[str, pulumi.Input[str]] = {
            "CONFIGURATION": _logins(settings, services),
            **previous.configuration_attempt(machine.name),
        }
        # Who logs in elsewhere, or with something else, restarts: that would cut its calls.
        waited = quiet(
            machine,
            "quiet-nodes",
            settings,
            restart,
            previous,
            parent=self,
            depends_on=[program, policy, usable],
        )
        # With the new secret nobody could be asked any more.
        cluster = self._cluster(settings, services, waited)
        change = change_of(machine.name, settings, previous)
        paused = on_base(
            "bastion-upgrade",
            "pause-all",
            settings,
            machine,
            change.variables,
            parent=self,
            depends_on=[program, policy, cluster],
            on_create=False,
            beside=previous.told_nodes,
            is_due=change.is_due,
        )
        done = installation.note_version(machine, change, restart, parent=self, depends_on=[paused])
        self.ready = [program, policy, cluster, done, *services.ready]
        self.register_outputs({"privateIp": machine.private_ip, "publicIp": machine.public_ip})

    def _services(
        self, settings: Settings, services: ManagedServices, program: pulumi.Resource
    ) -> pulumi.Resource:
        """What makes sure that nodes can use the services.

        One that can't doesn't start: better to know before one is stopped.
        """
        return run_on(
            self.machine,
            "bastion-services",
            "ask-services.sh",
            settings,
            parent=self,
            depends_on=[program, *services.ready],
            stdin=pulumi.Output.secret(
                services.endpoints.apply(
                    lambda found: fields({"LIMIT": _USABLE_AFTER}) + shared_env(settings, found)
                )
            ),
        )

    def _cluster(
        self, settings: Settings, services: ManagedServices, after: pulumi.Resource
    ) -> pulumi.Resource:
        """What tells the bastion where the cluster's services are, and with what to log in."""
        known = pulumi.Output.all(services.endpoints, services.load_balancer.target_group)
        return run_on(
            self.machine,
            "bastion-cluster",
            "put-membership-file.sh",
            settings,
            parent=self,
            depends_on=[after],
            stdin=pulumi.Output.secret(
                known.apply(
                    lambda found: with_text({"FILE": "cluster"}, bastion_env(settings, *found))
                )
            ),
        )


def _logins(settings: Settings, services: ManagedServices) -> pulumi.Output[str]:
    """What tells apart where nodes log in and with what; a digest, which is no secret."""
    return pulumi.Output.unsecret(services.endpoints.apply(lambda found: logins(settings, found)))


def _profile(
    target_group: pulumi.Output[str],
    settings: Settings,
    machines: AwsMachines,
    parent: pulumi.Resource,
) -> pulumi.Output[str]:
    """What the bastion may do on AWS: edit that target group, and see who is in it.

    An instance has one profile: what SSH and `notify` take goes in there, too.
    """
    by_sessions = [session_manager.OF_THE_AGENT] if session_manager.is_wanted(settings) else []
    more = [*by_sessions, *notified_topics.rights(settings)]
    policy = target_group.apply(lambda group: edit(group, *more))
    return instance_profile("bastion", policy, settings, machines.tags, parent)


def edit(target_group: str, *more: Mapping[str, object]) -> str:
    """A policy that allows edits of one target group, and what else is said.

    Source: Elastic Load Balancing, "Actions, resources, and condition keys": the state of targets
    can't be limited to a group.
    """
    return allowing(
        {"Action": list(_TARGETS), "Resource": target_group},
        {"Action": "elasticloadbalancing:DescribeTargetHealth", "Resource": "*"},
        *more,
    )
