"""What a command prints: kept for the state, streamed to the engine, repeated in errors.

Source: pulumi-command 1.2.1, local/commandOutputs.go, remote/commandOutputs.go, util/util.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from lab.providers.base import ProviderError, Value
from lab.providers.command.operation import Operation

# The reader of the real provider (bufio.Scanner) takes no longer line, newline included.
_LONGEST_LINE: Final = 64 * 1024

STDOUT_VARIABLE: Final = "PULUMI_COMMAND_STDOUT"
STDERR_VARIABLE: Final = "PULUMI_COMMAND_STDERR"


class Stream(Enum):
    """A command's standard output or standard error."""

    STDOUT = "stdout"
    STDERR = "stderr"


_LOGGED: Final[Mapping[str, frozenset[Stream]]] = {
    "stdout": frozenset({Stream.STDOUT}),
    "stderr": frozenset({Stream.STDERR}),
    "stdoutAndStderr": frozenset(Stream),
}


def logged_streams(logging: Value) -> frozenset[Stream]:
    """Tell which streams the input `logging` sends to the engine's log.

    None is both. Values that pulumi-command does not know pass its checks and log nothing:
    measured.
    """
    return frozenset(Stream) if logging is None else _LOGGED.get(str(logging), frozenset())


@dataclass
class Capture:
    """Takes what a command prints, in the order in which it arrives.

    Both streams share one line of text, as in the real provider: what one prints without a
    newline stands before what the other prints next.
    """

    operation: Operation
    logged: frozenset[Stream]
    printed: dict[Stream, bytearray] = field(
        default_factory=lambda: {stream: bytearray() for stream in Stream}
    )
    all_printed: bytearray = field(default_factory=bytearray)
    _line: bytearray = field(default_factory=bytearray)

    def take(self, stream: Stream, chunk: bytes) -> None:
        """Take what was printed.

        Raises:
            ProviderError: A logged line is longer than the real provider can read.
        """
        self.printed[stream] += chunk
        self.all_printed += chunk
        if stream not in self.logged:
            return
        *lines, rest = (bytes(self._line) + chunk).split(b"\n")
        if any(len(line) >= _LONGEST_LINE for line in (*lines, rest)):
            raise _too_long(stream)
        for line in lines:
            self._log(line)
        self._line = bytearray(rest)

    def finish(self) -> None:
        """Log what stands after the last newline."""
        if self._line:
            self._log(bytes(self._line))
            self._line.clear()

    def text(self, stream: Stream) -> str:
        """Give what the stream printed, without its last newline.

        Raises:
            ProviderError: It is not UTF-8, which a property has to be.
        """
        printed = bytes(self.printed[stream]).removesuffix(b"\n")
        try:
            return printed.decode()
        except UnicodeDecodeError as error:
            raise ProviderError(
                f"the command ran, but printed what is not UTF-8 on {stream.value} (byte "
                f"{printed[error.start]:#04x} at {error.start}): pulumi-command fails with "
                "'grpc: error while marshaling: string field contains invalid UTF-8'. Let the "
                "command encode it, or send it to a file"
            ) from error

    def failure(self, reason: str, command: str) -> ProviderError:
        """Make the error of a command that failed: why, which, and all it printed."""
        printed = bytes(self.all_printed).decode(errors="replace")
        return ProviderError(f"{reason}: running {quoted(command)}:\n{printed}")

    def _log(self, line: bytes) -> None:
        self.operation.status(line.removesuffix(b"\r").decode(errors="replace"))


def _too_long(stream: Stream) -> ProviderError:
    return ProviderError(
        f"a line on {stream.value} has {_LONGEST_LINE} bytes or more: pulumi-command 1.2.1 stops "
        "reading there, and the command hangs for ever. Print shorter lines, or set logging to "
        "'none'"
    )


def quoted(text: str) -> str:
    r"""Quote a text as Go's %q does.

    >>> quoted('echo "a"\n')
    '"echo \\"a\\"\\n"'
    """
    return '"' + "".join(map(_quoted_character, text)) + '"'


_ESCAPES: Final = {
    '"': '\\"',
    "\\": "\\\\",
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
}


def _quoted_character(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
