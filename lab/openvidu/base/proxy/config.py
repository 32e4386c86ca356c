"""nginx's configuration, as text.

Source of the behaviour: repository of OpenVidu 2.30.0, image `openvidu-proxy`: round robin
over the nodes' 4443 with passive checks (2 failures, 3 s), 5443 in plain HTTP for the internal
network, the application at `/`, inspector, Kibana and MinIO under their paths. A single master's
nginx has its OpenVidu Server behind it, and neither MinIO nor a port for the internal network.
"""

from __future__ import annotations

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
            proxy_read_timeout 24h;
            proxy_send_timeout 24h;
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
        servers += f"    include {files}/upstream.conf;\n" + internal + _public(settings)
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


def _listen(port: int, options: str) -> str:
    lines = f"        listen {port} {options};\n"
    if _IPV6.exists() and _IPV6.read_text():
        lines += f"        listen [::]:{port} {options};\n"
    return lines


def _location(path: str, target: str, allowed: tuple[str, ...] = (), more: str = "") -> str:
    rules = "".join(f"            allow {network};\n" for network in allowed)
    if allowed:
        rules += "            deny all;\n"
    return (
        f"        location {path} {{\n{rules}{more}{_PROXY}"
        f"            proxy_pass {target};\n        }}\n"
    )


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
            _location("/", f"http://127.0.0.1:{APPLICATION_PORT}"),
            _location("/openvidu/api", "http://openviduserver", settings.allowed_api),
            _location("/openvidu", "http://openviduserver"),
            _location("/inspector", "http://openviduserver", dashboard, slash),
            _location("/kibana", f"http://127.0.0.1:{ports.KIBANA}", dashboard, kibana),
        )
    )
    if settings.balances:
        locations += _location("/minio", f"http://127.0.0.1:{CONSOLE_PORT}", dashboard, minio)
    return f"""\
    server {{
{_listen(settings.https_port, "ssl default_server")}        server_name {settings.domain};
        ssl_certificate {settings.certificate}/fullchain.pem;
        ssl_certificate_key {settings.certificate}/privkey.pem;
        ssl_protocols TLSv1.2 TLSv1.3;
        add_header Strict-Transport-Security "max-age=63072000" always;
{locations}    }}
"""
