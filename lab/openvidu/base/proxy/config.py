"""nginx's configuration, as text.

Source of the behaviour: repository of OpenVidu 2.30.0, image `openvidu-proxy`: round robin
over the nodes' 4443 with passive checks (2 failures, 3 s), 5443 in plain HTTP for the internal
network, the application at `/`, inspector, Kibana and MinIO under their paths, each by the name of
its container: nginx doesn't take the configuration while one of them doesn't run. Time-outs are
nginx's own. A single master's nginx has its OpenVidu Server behind it, and neither MinIO nor a port
for the internal network.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

from lab.openvidu.base.call import PORT as APPLICATION_PORT
from lab.openvidu.base.proxy.settings import Settings
from lab.openvidu.s3.__main__ import CONSOLE_PORT
from openvidu import ports

_IPV6 = Path("/proc/net/if_inet6")

_PROXY = """\
            proxy_http_version 1.1;
            proxy_set_header Host $host;
            proxy_set_header X-Real-IP $remote_addr;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
            proxy_redirect off;
"""


def upstream(node_ips: Iterable[str]) -> str:
    """The upstream list, a file of its own: the nodes, or else the server on this machine."""
    servers = "".join(
        f"    server {ip}:{ports.REPLICATION_MANAGER} max_fails=2 fail_timeout=3s;\n"
        for ip in node_ips
    )
    servers = servers or f"    server 127.0.0.1:{ports.API};\n"
    return f"upstream openviduserver {{\n{servers}}}\n"


def main(settings: Settings, *, with_tls: bool) -> str:
    """The main configuration.

    Args:
        settings: the proxy's settings.
        with_tls: whether there is a certificate. Without one only the plain public port is
            served, for the certificate authority: as in the original, where nginx refuses the
            rest of its configuration.
    """
    files = settings.files
    servers = _plain_server(settings)
    if with_tls:
        internal = _internal() if settings.balances else ""
        named = "".join(
            f"    upstream {name} {{\n        server {host}:{port};\n    }}\n"
            for name, (host, port) in _upstreams(settings).items()
        )
        servers += f"    include {files}/upstream.conf;\n" + named + internal + _public(settings)
    return f"""\
user root root;
worker_processes 1;
pid {files}/nginx.pid;
error_log stderr warn;
daemon off;

events {{
    worker_connections {settings.worker_connections};
}}

http {{
    access_log {files}/access.log;
    server_tokens off;
    client_max_body_size 200M;
    keepalive_timeout 65;
    client_body_temp_path {files}/body;
    proxy_temp_path {files}/proxy;
    fastcgi_temp_path {files}/fastcgi;
    uwsgi_temp_path {files}/uwsgi;
    scgi_temp_path {files}/scgi;

    map $http_upgrade $connection_upgrade {{
        default upgrade;
        '' close;
    }}
{servers}}}
"""


def allowed_access(settings: Settings) -> list[str]:
    """What the original prints of it, between certbot's words and nginx's: some twenty lines."""
    lines = ["ALLOWED ACCESS", "Adding rules...", f"- Public IPv4 for rules: {settings.domain}", ""]
    for title, allowed in (
        ("Openvidu Dashboard:", settings.allowed_dashboard),
        ("Openvidu API:", settings.allowed_api),
    ):
        lines += ["Finish Rules:", title, *(f"- allow {one};" for one in allowed or ("all",)), ""]
    return ["", *lines, *["="] * (20 - len(lines))]


def _upstreams(settings: Settings) -> dict[str, tuple[str, int]]:
    own = not settings.balances
    found = {
        "yourapp": ("localhost" if own else "app", APPLICATION_PORT),
        "kibana": ("localhost" if own else "kibana", ports.KIBANA),
        "elasticsearch": ("localhost" if own else "elasticsearch", ports.ELASTICSEARCH),
    }
    return found if own else {**found, "minio": ("minio-s3", CONSOLE_PORT)}


def _listen(port: int, options: str) -> str:
    lines = f"        listen {port} {options};\n"
    if _IPV6.exists() and _IPV6.read_text():
        lines += f"        listen [::]:{port} {options};\n"
    return lines


def _location(path: str, target: str, allowed: tuple[str, ...] = (), more: str = "") -> str:
    # The original lets the machine itself and its own networks in, too.
    own = ("127.0.0.1", *_own_networks()) if allowed else ()
    rules = "".join(f"            allow {network};\n" for network in (*allowed, *own))
    if allowed:
        rules += "            deny all;\n"
    return (
        f"        location {path} {{\n{rules}{more}{_PROXY}"
        f"            proxy_pass {target};\n        }}\n"
    )


def _own_networks() -> list[str]:
    command = ["ip", "-4", "-o", "route", "list", "proto", "kernel"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [line.split()[0] for line in shown.splitlines()]


def _plain_server(settings: Settings) -> str:
    return f"""\
    server {{
{_listen(settings.http_port, "default_server")}        server_name {settings.domain};
        location /.well-known/acme-challenge/ {{
            root {settings.files}/certbot;
        }}
        location / {{
            return 301 https://{settings.domain}:{settings.https_port}$request_uri;
        }}
    }}
"""


def _internal() -> str:
    location = _location("/", "http://openviduserver")
    return f"    server {{\n        listen {ports.API};\n{location}    }}\n"


def _public(settings: Settings) -> str:
    dashboard = settings.allowed_dashboard
    slash = "            rewrite ^([^.]*[^/])$ $1/ permanent;\n"
    kibana = "            rewrite ^/kibana/?(.*)$ /$1 break;\n"
    minio = "            rewrite ^/minio/?(.*)$ /$1 break;\n"
    locations = "".join(
        (
            _location("/", "http://yourapp"),
            _location("/openvidu/api", "http://openviduserver", settings.allowed_api),
            _location("/openvidu", "http://openviduserver"),
            _location("/inspector", "http://openviduserver", dashboard, slash),
            _location("/kibana", "http://kibana", dashboard, kibana),
        )
    )
    if settings.balances:
        locations += _location("/minio", "http://minio", dashboard, minio)
    here = f"https://{settings.domain}:{settings.https_port}$request_uri"
    www = f"if ($host = www.{settings.domain}) {{ return 301 {here}; }}"
    return f"""\
    server {{
{_listen(settings.https_port, "ssl default_server")}        server_name {settings.domain};
        {www if settings.redirects_www else ""}
        ssl_certificate {settings.certificate}/fullchain.pem;
        ssl_certificate_key {settings.certificate}/privkey.pem;
        ssl_protocols {settings.protocols};
        ssl_ciphers "{settings.ciphers}";
        add_header Strict-Transport-Security "{settings.hsts}" always;
{locations}    }}
"""
