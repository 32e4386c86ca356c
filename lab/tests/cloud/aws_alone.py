"""The lab's fake AWS without machines: `python -m lab.tests.cloud.aws_alone` prints its port.

Instances there run, stop and end at once. It ends when its standard input does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lab.cloud.supervisor import MOTO


@contextmanager
def served(**environment: str) -> Iterator[str]:
    """The address of a fake AWS in a process of its own, with these variables beside ours."""
    with subprocess.Popen(
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    ) as process:
        assert process.stdout
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.communicate()


class _Machines:
    """Do at once what is asked of them, as soon as the call is answered."""

    def __init__(self, settle: Any, settle_image: Any) -> None:
        self._settle = settle
        self._settle_image = settle_image

    def launch(self, instance_id: str) -> None:
        self._soon(instance_id, "running")

    start = launch

    def stop(self, instance_id: str) -> None:
        self._soon(instance_id, "stopped")

    def reboot(self, instance_id: str) -> None:
        """Nothing to do."""

    def terminate(self, instance_id: str) -> None:
        self._soon(instance_id, "terminated")

    def make_image(self, instance_id: str, image_id: str) -> None:
        threading.Thread(target=self._settle_image, args=(image_id,)).start()

    def console(self, instance_id: str) -> str:
        return ""

    def reached(self, instance_id: str) -> str:
        return "passed"

    def _soon(self, instance_id: str, state: str) -> None:
        threading.Thread(target=self._settle, args=(instance_id, state)).start()


def _serve() -> None:
    # Imported late: moto reads its environment then.
    from moto.moto_server.werkzeug_app import (  # noqa: PLC0415
        DomainDispatcherApplication,
        create_backend_app,
    )

    from lab.cloud.aws import completed, power, server, view  # noqa: PLC0415
    from lab.cloud.faults import Faults  # noqa: PLC0415

    held = view.View(power.Settled())
    faults = Faults(lambda name, how: None)
    completed.install(_Machines(held.settle, held.settle_image), faults, lambda group: {})
    moto = DomainDispatcherApplication(create_backend_app)
    gate = server.Gate(moto, held.lock, faults, lambda: None)
    sys.stdout.write(f"{server.serve(gate, '127.0.0.1', 0)}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    os.environ.update(MOTO)
    _serve()
