"""What runs in the appliance of a replication group: a real Redis that keeps nothing on disk.

python -m lab.cloud.managed.redis FOLDER
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path


def main(folder: Path) -> None:
    """Become Redis."""
    settings = json.loads((folder / "settings.json").read_text())
    os.chdir(folder)
    command = ["redis-server", "--port", str(settings["port"]), "--bind", "0.0.0.0"]  # noqa: S104
    os.execvp(command[0], [*command, "--protected-mode", "no", "--save", ""])  # noqa: S606


if __name__ == "__main__":
    main(Path(sys.argv[1]))
