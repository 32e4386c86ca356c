"""The process that a lab is: `python -m lab.cloud.supervisor --dir DIR`, in new namespaces.

Process 1 of the lab's process namespace only takes leave of processes that end; when it ends,
the kernel ends every process of the lab. Its child runs the lab. When that child ends, process
1 does too.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import signal
import sys
import traceback
from pathlib import Path

from lab.cloud import namespaces
from lab.cloud.namespaces import Mount
from lab.cloud.options import IMAGE, READY, RECORD, SERVICES, Options

MOTO = {
    "MOTO_ENABLE_AMI_VALIDATION": "true",
    "MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION": "true",
    "MOTO_ACM_VALIDATION_WAIT": "2",
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""What moto reads from the environment, once, when it's imported."""


def _options(arguments: list[str]) -> Options:
    parser = argparse.ArgumentParser(prog="python -m lab.cloud.supervisor")
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--boot-seconds", type=float, default=1.0)
    parser.add_argument("--image", default=IMAGE)
    parser.add_argument("--services", default=SERVICES)
    parser.add_argument("--ready", type=int, required=True)
    found = parser.parse_args(arguments)
    return Options(found.dir, found.boot_seconds, found.image, found.services, found.ready)


def main(arguments: list[str]) -> None:
    """Be process 1 of a lab; doesn't return."""
    options = _options(arguments)
    # The machine's own /proc still counts as the caller does.
    outside = int(str(Path("/proc/self").readlink()))
    namespaces.make_private()
    namespaces.mount("proc", "/proc", "proc", Mount.NO_SUID | Mount.NO_DEVICES | Mount.NO_PROGRAMS)
    child = os.fork()
    if child == 0:
        _run(options, outside)
    os.close(options.ready)
    while True:
        ended, status = os.wait()
        if ended == child:
            sys.exit(abs(os.waitstatus_to_exitcode(status)))


def _run(options: Options, outside: int) -> None:
    """Run the lab until somebody ends it."""
    try:
        os.environ.update(MOTO)
        # Imported late: process 1 stays small, and moto reads its environment.
        lab = importlib.import_module("lab.cloud.running")
        lab.start(options)
        _record(options.directory, outside)
        os.write(options.ready, READY.encode())
    except BaseException as error:
        traceback.print_exc()
        os.write(options.ready, (str(error) or type(error).__name__).encode())
        os._exit(1)
    os.close(options.ready)
    signal.pause()
    os._exit(0)


def _record(directory: Path, outside: int) -> None:
    """Leave a note by which others find this lab."""
    temporary = directory / f".{RECORD}"
    temporary.write_text(json.dumps({"pid": outside}))
    temporary.replace(directory / RECORD)


if __name__ == "__main__":
    main(sys.argv[1:])
