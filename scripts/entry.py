"""What `openvidu-enterprise` starts.

Reading all commands takes a second, in which Ctrl-C ends it like any program: without a traceback.
"""

import signal


def main() -> None:
    """Read the commands, and run the one that was typed."""
    interrupt = signal.signal(signal.SIGINT, signal.SIG_DFL)
    from scripts.cli import app  # noqa: PLC0415

    signal.signal(signal.SIGINT, interrupt)
    app()
