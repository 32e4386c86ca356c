"""What runs in the appliance of a domain: stand-ins for Elasticsearch and Kibana, behind TLS.

python -m lab.cloud.managed.search FOLDER
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from lab.cloud.managed import nginx

_ELASTICSEARCH, _KIBANA = 9200, 5601
_SERVER = """\
    server {{
        listen 443 ssl;
        ssl_certificate {certificate};
        ssl_certificate_key {certificate};
        location /_plugin/kibana {{
            proxy_pass http://127.0.0.1:{kibana};
        }}
        location / {{
            proxy_pass http://127.0.0.1:{elasticsearch};
        }}
    }}
"""


def main(folder: Path) -> int:
    """Run all three, until one ends."""
    settings = json.loads((folder / "settings.json").read_text())
    login = {
        "ELASTICSEARCH_USERNAME": settings["user"],
        "ELASTICSEARCH_PASSWORD": settings["password"],
    }
    parts = [
        subprocess.Popen(
            [sys.executable, "-P", "-m", f"lab.openvidu.base.{name}"], env={**os.environ, **login}
        )
        for name in ("elasticsearch", "kibana")
    ]
    server = _SERVER.format(
        certificate=settings["certificate"], kibana=_KIBANA, elasticsearch=_ELASTICSEARCH
    )
    parts.append(subprocess.Popen(nginx.command(folder, server)))
    os.wait()
    for part in parts:
        part.terminate()
    return 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
