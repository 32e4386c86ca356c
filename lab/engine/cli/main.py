"""The command line: what there is to type, and which module does it.

Modules are imported when their command is given: most commands need no gRPC.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path

from lab.engine.cli.parser import parse
from lab.engine.errors import EXIT_CANCELLED, EngineError


def main(arguments: list[str]) -> int:
    """Run a command.

    Returns:
        The exit status: 0 when all is well.
    """
    options = parse(arguments)
    if options.cwd:
        os.chdir(Path(options.cwd))
    module = import_module(f"lab.engine.cli.{options.module}")
    try:
        getattr(module, options.function)(options)
    except EngineError as error:
        text = str(error)
        if text:
            sys.stderr.write(f"error: {text}\n")
        return error.exit_status
    except KeyboardInterrupt:
        return EXIT_CANCELLED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
