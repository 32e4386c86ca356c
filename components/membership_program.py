"""The program that runs on the base and moves nodes into and out of the load balancer.

`membership` and `openvidu`, zipped in memory so that the same source gives the same bytes.
"""

from __future__ import annotations

import base64
import io
import zipfile
from pathlib import Path

_PROJECT = Path(__file__).resolve().parent.parent
_PACKAGES = ("membership", "openvidu")
_MAIN = "from membership.main import main\n\nmain()\n"
_DATE = (2020, 1, 1, 0, 0, 0)


def bundle() -> str:
    """The program as a base64 text on one line: a zip file that `python3` runs."""
    files = {"__main__.py": _MAIN.encode()}
    for package in _PACKAGES:
        for path in sorted((_PROJECT / package).glob("*.py")):
            files[f"{package}/{path.name}"] = path.read_bytes()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _DATE), content, zipfile.ZIP_DEFLATED)
    return base64.b64encode(buffer.getvalue()).decode() + "\n"
