"""What an installation downloads over HTTPS, and from where.

It's the same for base services, nodes and a single master, in all versions from 2.28.0 to 2.32.2. A
registry names more when it's asked: where its logins are given, and where layers of images lie.

Source: page, "Installing Base Services", step 4; repository, install scripts (DOWNLOAD_URL) and the
images in compose files and `.env`; Docker's documentation, "Allowlist for Docker Desktop".
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from openvidu.release import NONE, VERSIONS, Product

FILES = "https://raw.githubusercontent.com/OpenVidu/openvidu"
"""Where install scripts get compose files and the like, by tag."""
DOCKER_HUB = "https://registry-1.docker.io/v2/"
ELASTIC = "https://docker.elastic.co/v2/"


@dataclass(frozen=True)
class Download:
    """Something that is downloaded.

    Attributes:
        what: in words.
        url: what is asked to see whether it can be had.
    """

    what: str
    url: str

    @property
    def host(self) -> str:
        """The host that has it."""
        return urlsplit(self.url).hostname or ""

    def remedy(self, why: str) -> str:
        """What to type or open on a machine that can't have it.

        Args:
            why: as `machine/https.sh` says.
        """
        if "resolve" in why:
            return f"resolvectl query {self.host}, until that machine gives an address"
        if "certificate" in why:
            return (
                f"curl --verbose {self.url} names who shows that certificate there; a proxy's "
                "authority goes into /usr/local/share/ca-certificates, then: "
                "sudo update-ca-certificates && sudo systemctl restart docker"
            )
        if why.startswith("it answers"):
            return f"pulumi config set openviduVersion {VERSIONS[-1]}, or another that exists"
        return (
            f"open port 443/tcp to {self.host}, or name the proxy that is the way out (httpProxy)"
        )


def downloads(product: Product, version: str, mirror: str | None = None) -> tuple[Download, ...]:
    """What an installation downloads.

    Args:
        product: what is installed.
        version: fixed, or `latest`.
        mirror: folder of the install scripts, where it isn't OpenVidu's.
    """
    return (
        Download("OpenVidu's install script", product.url(version, mirror)),
        Download("what it installs", f"{FILES}/"),
        Download("images of OpenVidu and others", DOCKER_HUB),
        Download("images of Elastic", ELASTIC),
    )


HOSTS = tuple(one.host for one in downloads(NONE, VERSIONS[-1]))
"""All of them."""
