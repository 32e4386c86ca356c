"""A tiny image and service, in the place of the simulated OpenVidu."""

from __future__ import annotations

import sys
from pathlib import Path

from lab.cloud.facts import MIRROR_ADDRESS
from lab.cloud.host_facts import HostFacts

BOOT = [["/usr/local/bin/on-boot"]]


def prepare(root: Path, lab: HostFacts) -> None:
    script = root / "usr" / "local" / "bin" / "on-boot"
    script.write_text(f"#!/bin/sh\necho {lab.private_ip} >> /var/log/boots\n")
    script.chmod(0o755)
    (root / "etc" / "lab-python").write_text(f"{lab.python} {lab.project}\n")


def ROOT_SERVICES(directory: Path) -> list[list[str]]:  # noqa: N802 - the name that is called
    code = "import http.server as h; h.test(h.SimpleHTTPRequestHandler, port=443, bind='%s')"
    return [[sys.executable, "-c", code % MIRROR_ADDRESS]]
