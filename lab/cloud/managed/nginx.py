"""nginx in an appliance: its configuration around some servers, and how it's run."""

from __future__ import annotations

from pathlib import Path

_WHOLE = """\
user root root;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr warn;
daemon off;

events {{
    worker_connections 10240;
}}

http {{
    access_log off;
    server_tokens off;
    client_max_body_size 0;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;

    map $http_upgrade $connection_upgrade {{
        default upgrade;
        '' close;
    }}
{servers}}}
"""
_FILE = "nginx.conf"


def write(folder: Path, servers: str) -> None:
    """Write the configuration, at once: nginx may still read the one before.

    Half of one would be refused, and the one from before that served on.

    Args:
        folder: nginx's files.
        servers: what goes into its `http` block.
    """
    new = folder / f"{_FILE}.new"
    new.write_text(_WHOLE.format(folder=folder, servers=servers))
    new.replace(folder / _FILE)


def command(folder: Path, servers: str) -> list[str]:
    """Write the configuration; returns what runs nginx in the foreground."""
    write(folder, servers)
    return ["nginx", "-p", str(folder), "-c", str(folder / _FILE)]
