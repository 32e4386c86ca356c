"""The configuration that all nodes share: a change reaches a running cluster through its API.

The bucket's configuration wins over every node's `.env` from the first node's start on. So a change
is a call to the cluster, once, and not an edit of nodes' files.
Source: page, "Configuration management".
"""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from components import update_plan
from components.control_machine import ControlMachine
from components.env_files import shared_env
from components.on_base import digest, on_base, warn_of_restart
from components.previous_state import PreviousState
from components.remote import run_on, with_text
from components.settings.table import Settings


class SharedConfiguration:
    """The nodes' shared configuration.

    Attributes:
        wanted: has told the base what the stack wants; nodes start after it.
    """

    wanted: pulumi.Resource

    def __init__(
        self,
        settings: Settings,
        base: ControlMachine,
        previous: PreviousState,
        parent: pulumi.Resource,
    ) -> None:
        """Register what tells the base.

        Args:
            settings: what to deploy.
            base: the machine that changes the bucket's configuration.
            previous: what is deployed: its configuration is told apart from this one.
            parent: the cluster.
        """
        self._settings = settings
        self._there = previous
        self._base = base
        self._parent = parent
        text: pulumi.Output[str] = pulumi.Output.secret(
            base.endpoints.apply(lambda found: shared_env(settings, found))
        )
        self._digest = digest(text)
        self._digest.apply(
            lambda now: warn_of_restart(
                previous.configuration, now, update_plan.restart_of_all(settings), parent
            )
        )
        self.wanted = run_on(
            base.machine,
            "configuration-wanted",
            "put-membership-file.sh",
            settings,
            parent=parent,
            stdin=text.apply(
                lambda env: with_text({"FILE": "configuration", "THEN": "rotate"}, env)
            ),
            depends_on=base.ready,
        )

    def apply(
        self, generation: int, leaving: Sequence[str], depends_on: Sequence[pulumi.Resource]
    ) -> pulumi.Resource:
        """Register what changes a cluster that runs; returns that.

        Args:
            generation: another one has the configuration compared with the bucket's anew.
            leaving: addresses of nodes that go later in the update: they needn't come back.
            depends_on: the memberships: the first node brings its configuration into the bucket.
        """
        previous = self._there

        def who_leaves(digest: str) -> str:
            # That nodes leave is no change of the configuration.
            changed = (digest, generation) != (
                previous.configuration,
                previous.configuration_generation,
            )
            return " ".join(leaving) if changed else previous.left_with_configuration

        return on_base(
            "configuration",
            "configure",
            self._settings,
            self._base.machine,
            {
                "CONFIGURATION": self._digest,
                "CONFIGURATION_GENERATION": str(generation),
                "LEAVING": self._digest.apply(who_leaves),
            },
            parent=self._parent,
            depends_on=[self.wanted, *depends_on],
        )
