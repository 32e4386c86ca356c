"""Runs a Pulumi program. Started by the engine with the project's own interpreter.

Imports Pulumi at once, while the engine gets ready; then reads, as one line of JSON from standard
input, where the engine is and what to run. When standard input ends the engine is gone, and so is
this process. It imports nothing of the lab, which the project's environment needn't have.

Source: pulumi, sdk/python/cmd/pulumi-language-python-exec.
"""

import asyncio
import json
import logging
import os
import runpy
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

# The folder of this file is no place to import from.
sys.path.pop(0)

import pulumi
import pulumi.runtime

# The engine has shown what went wrong already.
EXIT_SHOWN = 32
_MOST_THREADS = 4096


def _read_line() -> str:
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            os._exit(1)
        line += byte
    return line.decode()


def _end_with_the_engine() -> None:
    while os.read(0, 1024):
        pass
    os._exit(1)


def _user_trace(program: Path) -> str:
    """The trace from the program's own code on; without such, only what was raised."""
    frames = traceback.extract_tb(sys.exc_info()[2])
    for number, frame in enumerate(frames):
        # Python's own are named as `<frozen runpy>`, which would be a file of the folder.
        frozen = frame.filename.startswith("<")
        if not frozen and _is_own(Path(frame.filename).resolve(), program):
            return traceback.format_exc(limit=number - len(frames))
    return "".join(traceback.format_exception_only(*sys.exc_info()[:2]))


def _is_own(file: Path, program: Path) -> bool:
    library = {"site-packages", "runner.py"} & set(file.parts)
    return file.is_relative_to(program) and not library


def _configure(settings: dict[str, Any]) -> None:
    pulumi.runtime.set_all_config(
        pulumi.runtime.get_config_env(), pulumi.runtime.get_config_secret_keys_env()
    )
    chosen = pulumi.runtime.Settings(
        project=settings["project"],
        stack=settings["stack"],
        monitor=settings["monitor"],
        engine=settings["engine"],
        parallel=settings["parallel"],
        dry_run=settings["dry_run"],
        organization="organization",
        root_directory=settings["root"],
    )
    pulumi.runtime.configure(chosen)


def _run(settings: dict[str, Any]) -> int:
    program = Path(settings["program"]).resolve()
    _configure(settings)
    sys.argv = [str(program)]
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    threads = min(max(settings["parallel"], 1) * 4, _MOST_THREADS)
    loop.set_default_executor(ThreadPoolExecutor(max_workers=threads))
    # A program that fails leaves futures that nobody awaits; that is no news.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(lambda: _main(program)))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return EXIT_SHOWN
    except Exception:
        trace = _user_trace(program if program.is_dir() else program.parent)
        pulumi.log.error(f"Program failed with an unhandled exception:\n{trace}")
        return EXIT_SHOWN
    return 0


def _main(program: Path) -> None:
    runpy.run_path(str(program), run_name="__main__")


def main() -> None:
    """Run the program; the exit status is 0, 32 when the error was shown, or 1."""
    settings = json.loads(_read_line())
    os.environ.update(settings["environment"])
    threading.Thread(target=_end_with_the_engine, daemon=True).start()
    status = _run(settings)
    sys.stdout.flush()
    sys.stderr.flush()
    # Without a wait for threads that hang in a call to the engine.
    os._exit(status)


if __name__ == "__main__":
    main()
