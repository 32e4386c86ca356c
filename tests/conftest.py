"""What holds for all tests."""

from __future__ import annotations

import os

from lab.openvidu.docker.host import PROXY_VARIABLE

# The load balancer's ten seconds at each start are OpenVidu's, and tests don't need them.
os.environ.setdefault(PROXY_VARIABLE, "0.2")
