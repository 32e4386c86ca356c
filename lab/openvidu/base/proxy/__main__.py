"""The container `loadbalancer`, or a single master's `nginx`.

With `update`, the load balancer's command that rewrites its list of nodes.

A first nginx serves the certificate authority's token, with what the container had before, if
anything. Then it's told to quit, and looked for every ten seconds: nginx reads its configuration
before it passes that on, so with a configuration that it refuses the first one stays. When it's
gone, the nginx that serves begins, with the list of nodes that the container was *created* with.
`update` changes the running container only: after a restart the list is the old one.
Source: repository of OpenVidu 2.30.0, image `openvidu-proxy`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from lab.openvidu import faults
from lab.openvidu.base.proxy import config
from lab.openvidu.base.proxy.certificates import CertificateError, ensure
from lab.openvidu.base.proxy.settings import Settings, SettingsError, parse
from lab.openvidu.docker.containers import find
from lab.openvidu.docker.host import PROXY_SECONDS, HostFile
from openvidu import environment

_NGINX_START_SECONDS = 30.0


def main(arguments: list[str]) -> int:
    """Run the proxy, or update its list; the exit status."""
    try:
        if arguments == ["update"]:
            return update(parse({**os.environ, environment.NODE_IPS: "127.0.0.1"}, Path.cwd()))
        settings = parse(os.environ, Path.cwd())
    except SettingsError as error:
        _say("=======¡ERROR!=======", str(error))
        return 1
    return serve(settings)


def serve(settings: Settings) -> int:
    """Configure nginx and run it in the foreground."""
    _say(f"Configure {settings.domain} domain...", f"- {settings.certificate_type} certificate")
    if not _file(settings).exists():
        _write(settings, with_tls=False)
    host = HostFile.read()
    pause = host.proxy_seconds if host else PROXY_SECONDS
    first = subprocess.Popen(_nginx(settings))
    signal.signal(signal.SIGTERM, lambda *_: _end(first))
    # The authority fetches its token from port 80, so that has to be served first.
    _await_master(settings, first)
    try:
        ensure(settings)
    except CertificateError as error:
        _say(str(error))
    _write(settings, with_tls=True)
    _say(*config.allowed_access(settings), "START OPENVIDU PROXY", "", "Restarting nginx")
    while first.poll() is None:
        _signal(settings, "quit")
        time.sleep(pause)
    _say("Starting nginx...")
    _look_up_names(settings)
    os.execvp("nginx", _nginx(settings))  # noqa: S606 - in place of this process
    return 0


def update(settings: Settings) -> int:
    """Rewrite the list of nodes and reload nginx. As the original, it doesn't see whether it does.

    Only an empty list is refused.
    """
    new = [part.strip() for part in os.environ.get(environment.NODE_IPS, "").split(",")]
    if new == [""]:
        _say(f"{environment.NODE_IPS} is not set.")
        return 1
    _say(f"Updating {environment.NODE_IPS} in load balancer", f"new list: {','.join(new)}")
    slow = faults.strike("slow-reload")
    if slow:
        time.sleep(float(slow.option("seconds", "10")))
    (settings.files / "upstream.conf").write_text(config.upstream(new))
    _say("Reloading nginx")
    _signal(settings, "reload")
    _say("Nginx updated successfully")
    return 0


def _end(first: subprocess.Popen[bytes]) -> None:
    first.kill()
    sys.exit(0)


def _signal(settings: Settings, name: str) -> None:
    """Have nginx read its configuration, and then pass a signal on to the one that runs."""
    _look_up_names(settings)
    if faults.strike("reload") if name == "reload" else faults.look("reload"):
        sys.stderr.write('nginx: [emerg] unknown directive "lab-fault"\n')
        return
    subprocess.run([*_nginx(settings), "-s", name], check=False)


def _look_up_names(settings: Settings) -> None:
    container = find(settings.files.parent.name)
    if container:
        container.look_up_names()


def _await_master(settings: Settings, nginx: subprocess.Popen[bytes]) -> None:
    limit = time.monotonic() + _NGINX_START_SECONDS
    pid = settings.files / "nginx.pid"
    while not (pid.exists() and pid.read_text()) and nginx.poll() is None:
        if time.monotonic() > limit:
            return
        time.sleep(0.02)


def _write(settings: Settings, *, with_tls: bool) -> None:
    (settings.files / "upstream.conf").write_text(config.upstream(settings.node_ips))
    _file(settings).write_text(config.main(settings, with_tls=with_tls))


def _file(settings: Settings) -> Path:
    return settings.files / "nginx.conf"


def _nginx(settings: Settings) -> list[str]:
    return ["nginx", "-c", str(_file(settings)), "-e", str(settings.files / "error.log")]


def _say(*lines: str) -> None:
    sys.stdout.writelines(f"  {line}\n" for line in lines)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
