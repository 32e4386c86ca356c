"""A small SSH server that lets users in with a password, which sshd does only with the system's."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import asyncssh

PASSWORD = "open sesame"


class _Server(asyncssh.SSHServer):
    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return password == PASSWORD


async def _run(process: asyncssh.SSHServerProcess[str]) -> None:
    shell = await asyncio.create_subprocess_shell(
        process.command or "", stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await shell.communicate()
    process.stdout.write(printed.decode())
    process.exit(shell.returncode or 0)


class PasswordServer:
    """Serves from a thread until it is stopped."""

    def __init__(self, host_key: Path) -> None:
        self._host_key = host_key
        self._loop = asyncio.new_event_loop()
        self._listens = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.port = 0

    def start(self) -> None:
        self._thread.start()
        assert self._listens.wait(10)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _serve(self) -> None:
        self._loop.run_until_complete(self._listen())
        self._loop.run_forever()

    async def _listen(self) -> None:
        listener = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=_Server,
            server_host_keys=[str(self._host_key)],
            process_factory=_run,
        )
        self.port = listener.get_port()
        self._listens.set()
