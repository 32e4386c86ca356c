"""One of the lab's providers, each call noted: `python -m lab.bench.traced_provider [ENGINE]`.

What it serves and where it notes come in the environment, because the last argument is the
engine's, and are taken out of it, because commands inherit it.
"""

from __future__ import annotations

import importlib
import inspect
import os
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from lab.bench.trace import Note
from lab.providers.base import serve
from lab.providers.base.engine_log import EngineLog
from lab.providers.base.servicer import Servicer

PROVIDER = "BENCH_PROVIDER"
TRACE = "BENCH_TRACE"
_SERVICERS = {
    "aws": ("lab.providers.aws.servicer", "AwsServicer"),
    "command": ("lab.providers.command.provider", "CommandProvider"),
}
PROVIDERS = tuple(_SERVICERS)


class _Traced:
    """Stands for a servicer, and notes each call of the protocol."""

    def __init__(self, name: str, servicer: Servicer, file: Path) -> None:
        self._name = name
        self._servicer = servicer
        self._stream = file.open("a", buffering=1)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._servicer, name)
        if not (name[0].isupper() and inspect.iscoroutinefunction(found)):
            return found

        async def call(request: Any, context: Any) -> Any:
            start = time.monotonic()
            try:
                return await found(request, context)
            finally:
                self._note(name, getattr(request, "urn", ""), start)

        return call

    def _note(self, method: str, urn: str, start: float) -> None:
        note = Note(
            provider=self._name,
            pid=os.getpid(),
            method=method,
            urn=urn,
            start=start,
            end=time.monotonic(),
            own=_used(resource.RUSAGE_SELF),
            commands=_used(resource.RUSAGE_CHILDREN),
        )
        self._stream.write(note.as_json() + "\n")


def _used(whose: int) -> float:
    usage = resource.getrusage(whose)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Serve; doesn't return."""
    name, file = os.environ.pop(PROVIDER), Path(os.environ.pop(TRACE))
    module, servicer = _SERVICERS[name]
    build: Callable[[EngineLog], Servicer] = getattr(importlib.import_module(module), servicer)
    serve(lambda log: cast(Servicer, _Traced(name, build(log), file)))


if __name__ == "__main__":
    main()
