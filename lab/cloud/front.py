"""AWS's own names, as machines of a lab see them: the fake AWS, behind TLS.

A real nginx with a certificate that the lab's authority has signed.

python -m lab.cloud.front DIR ADDRESS PORT
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from lab.cloud import authority
from lab.cloud.facts import API_URL, REGIONS
from lab.cloud.managed import nginx

_SERVER = """\
    server {{
        listen {address}:{port} ssl;
        ssl_certificate {certificate};
        ssl_certificate_key {certificate};
        location / {{
            proxy_pass {api};
            proxy_http_version 1.1;
            proxy_set_header Host $host;
            proxy_request_buffering off;
        }}
    }}
"""


def main(directory: Path, address: str, port: int) -> None:
    """Become nginx."""
    folder = directory / "front"
    folder.mkdir(exist_ok=True, mode=0o700)
    certificate = folder / "certificate.pem"
    names = [f"*.{region}.amazonaws.com" for region in REGIONS]
    certificate.touch(mode=0o600)
    certificate.write_text("\n".join(authority.issue(names, directory=directory)))
    server = _SERVER.format(address=address, port=port, certificate=certificate, api=API_URL)
    command = nginx.command(folder, server)
    os.execvp(command[0], command)  # noqa: S606 - it's found where the machine has it


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
