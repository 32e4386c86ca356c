"""A generator: `python -m lab.calls DIRECTORY RECORD READY`, with its plan on standard input.

Writes `ready` to the descriptor READY once its first calls are open or refused.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path

from lab.calls.background import READY
from lab.calls.generator import Generator
from lab.calls.plan import Plan
from lab.calls.record import Record
from lab.calls.runs import request_of
from lab.calls.watch.watching import Watch
from lab.cloud import authority

_AFTERWARDS_SECONDS = 5.0
"""What cut the last call may be seen a little later than the cut."""


async def _generate(plan: Plan, file: Path, ready: int) -> None:
    record = Record(file)
    record.write("generator", plan=plan.for_record())
    run, number = (path.stem.rpartition("-")[2] for path in (file.parent, file))
    generator = Generator(plan, record, request_of(file), f"{run}-{number}")
    making = asyncio.create_task(generator.run())
    settled = asyncio.create_task(generator.settled.wait())
    await asyncio.wait((making, settled), return_when=asyncio.FIRST_COMPLETED)
    settled.cancel()
    os.write(ready, READY.encode())
    os.close(ready)
    await making
    record.close()


def main(directory: Path, file: Path, ready: int) -> None:
    """Make the calls, and watch the cluster for as long as there are any."""
    plan = Plan.parse(json.load(sys.stdin))
    # Whom a TURN server's certificate is to be signed by: aioice takes no other word for it.
    os.environ["SSL_CERT_FILE"] = str(authority.create(directory))
    watch = Watch(directory)
    watch.start()
    watch.looked.wait()
    asyncio.run(_generate(plan, file, ready))
    time.sleep(_AFTERWARDS_SECONDS)
    watch.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
