"""The container `loadbalancer`, or a single master's `nginx`.

With `update`, the load balancer's command that rewrites its list of nodes.

The entrypoint builds the list from the environment that the container was created with, at
each start. `update` changes the running container only. That is the documented trap: after a
restart of the container the list is the old one.
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
from lab.openvidu.base.proxy.settings import Settings, SettingsError, node_ips, parse
from openvidu import environment

_NGINX_START_SECONDS = 30.0


def main(arguments: list[str]) -> int:
    """Run the proxy, or update its list; the exit status."""
    try:
        settings = parse(os.environ, Path.cwd())
        if arguments == ["update"]:
            return update(settings)
    except SettingsError as error:
        _say("=======¡ERROR!=======", str(error))
        return 1
    return serve(settings)


def serve(settings: Settings) -> int:
    """Configure nginx and run it in the foreground."""
    _say(f"Configure {settings.domain} domain...", f"- {settings.certificate_type} certificate")
    (settings.files / "upstream.conf").write_text(config.upstream(settings.node_ips))
    _write_main(settings, with_tls=False)
    nginx = subprocess.Popen(_nginx(settings))
    signal.signal(signal.SIGTERM, lambda *_: nginx.terminate())
    # The authority fetches its token from port 80, so that has to be served first.
    _await_master(settings, nginx)
    try:
        ensure(settings)
    except CertificateError as error:
        # nginx stays up on the plain port, as in the original: it lives on, and the next start
        # of the container tries again.
        _say(str(error))
        _say(
            "nginx: [emerg] cannot load certificate "
            f'"/etc/letsencrypt/live/{settings.domain}/fullchain.pem": BIO_new_file() failed'
        )
    else:
        _write_main(settings, with_tls=True)
        if reload(settings) == 0:
            _say("OpenVidu proxy started", f"upstream: {','.join(settings.node_ips)}")
    return nginx.wait()


def update(settings: Settings) -> int:
    """Rewrite the list of nodes and reload nginx, keeping the old list where that fails."""
    new = node_ips(os.environ.get(environment.NODE_IPS, ""))
    path = settings.files / "upstream.conf"
    old = path.read_text()
    _say(f"Updating {environment.NODE_IPS} in load balancer", f"new list: {','.join(new)}")
    slow = faults.strike("slow-reload")
    if slow:
        time.sleep(float(slow.option("seconds", "10")))
    path.write_text(config.upstream(new))
    fault = faults.strike("reload")
    if fault:
        path.write_text("upstream openviduserver { lab-fault; }\n")
    status = reload(settings)
    if status != 0:
        path.write_text(old)
        return 0 if fault and fault.option("silent", "false") == "true" else status
    _say("Nginx updated successfully")
    return 0


def reload(settings: Settings) -> int:
    """Check the configuration and have nginx take it; open connections live on."""
    checked = subprocess.run([*_nginx(settings), "-t", "-q"], check=False)
    if checked.returncode != 0:
        return checked.returncode
    return subprocess.run([*_nginx(settings), "-s", "reload"], check=False).returncode


def _await_master(settings: Settings, nginx: subprocess.Popen[bytes]) -> None:
    limit = time.monotonic() + _NGINX_START_SECONDS
    pid = settings.files / "nginx.pid"
    while not (pid.exists() and pid.read_text()) and nginx.poll() is None:
        if time.monotonic() > limit:
            return
        time.sleep(0.02)


def _write_main(settings: Settings, *, with_tls: bool) -> None:
    (settings.files / "nginx.conf").write_text(config.main(settings, with_tls=with_tls))


def _nginx(settings: Settings) -> list[str]:
    return ["nginx", "-c", str(settings.files / "nginx.conf"), "-e", "stderr"]


def _say(*lines: str) -> None:
    sys.stdout.writelines(f"  {line}\n" for line in lines)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
