"""The simulated cluster of `tests.openvidu`."""

from __future__ import annotations

from tests.openvidu.conftest import cluster, running_cluster

__all__ = ["cluster", "running_cluster"]
