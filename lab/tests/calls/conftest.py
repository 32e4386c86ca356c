"""The simulated cluster of `lab.tests.openvidu`."""

from __future__ import annotations

from lab.tests.openvidu.conftest import cluster, running_cluster

__all__ = ["cluster", "running_cluster"]
