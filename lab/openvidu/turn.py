"""A TURN server of the operator's own, outside the cluster: what `turnServer` may name.

A real coturn, with a certificate that the lab's authority has signed.

python -m lab.openvidu.turn DIR ADDRESS PORT
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from lab.cloud import authority
from lab.cloud.facts import TURN_NAMES, TURN_SECRET

_CONFIGURATION = """\
listening-ip={address}
relay-ip={address}
tls-listening-port={port}
relay-threads=1
use-auth-secret
static-auth-secret={secret}
realm={realm}
cert={certificate}
pkey={certificate}
fingerprint
no-dtls
no-cli
no-rfc5780
no-multicast-peers
log-file=stdout
pidfile={folder}/turnserver.pid
userdb={folder}/turndb
"""


def main(directory: Path, address: str, port: int) -> None:
    """Become coturn."""
    folder = directory / "turn"
    folder.mkdir(exist_ok=True, mode=0o700)
    certificate, configuration = folder / "certificate.pem", folder / "turnserver.conf"
    signed = "\n".join(authority.issue([*TURN_NAMES, address], directory=directory))
    text = _CONFIGURATION.format(
        address=address,
        port=port,
        secret=TURN_SECRET,
        realm=TURN_NAMES[0],
        certificate=certificate,
        folder=folder,
    )
    for file, content in ((certificate, signed), (configuration, text)):
        file.touch(mode=0o600)
        file.write_text(content)
    os.execvp("turnserver", ["turnserver", "-c", str(configuration)])  # noqa: S606 - as nginx is


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
