"""The forms that a deployment can have."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from components.cluster import Cluster
from components.settings.choices import HA, HA_MANAGED, SINGLE_MASTER
from components.settings.table import Settings
from components.single_master import SingleMaster

SHAPES: Mapping[str, Callable[[Settings], Cluster | SingleMaster]] = {
    HA: Cluster,
    HA_MANAGED: Cluster,
    SINGLE_MASTER: SingleMaster,
}
"""What registers a deployment, by the configuration's `shape`."""
