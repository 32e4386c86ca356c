"""What the proxy is configured with: its environment, parsed once.

Source: repository of OpenVidu 2.30.0, services `loadbalancer` and `nginx` and image
`openvidu-proxy`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from openvidu import environment, ports


class SettingsError(ValueError):
    """The environment can't be used."""


@dataclass(frozen=True)
class Settings:
    """The proxy's settings.

    Attributes:
        domain: domain or public address.
        certificate_type: `selfsigned`, `owncert` or `letsencrypt`.
        email: for Let's Encrypt.
        balances: whether it's the load balancer of base services, and not a single master's nginx.
        node_ips: the load balancer's upstream list.
        http_port: public port without TLS.
        https_port: public port with TLS.
        worker_connections: nginx's limit.
        protocols: TLS's, as nginx has them.
        ciphers: likewise.
        hsts: value of the header Strict-Transport-Security.
        redirects_www: whether www before the domain leads to the domain.
        allowed_dashboard: networks that may see inspector, Kibana and MinIO; empty for all.
        allowed_api: networks that may use the REST API from outside; empty for all.
        files: the container's own folder.
        install: the install folder.
    """

    domain: str
    certificate_type: str
    email: str
    balances: bool
    node_ips: tuple[str, ...]
    http_port: int
    https_port: int
    worker_connections: int
    protocols: str
    ciphers: str
    hsts: str
    redirects_www: bool
    allowed_dashboard: tuple[str, ...]
    allowed_api: tuple[str, ...]
    files: Path
    install: Path

    @property
    def certificate(self) -> Path:
        """The folder of the certificate in use."""
        return self.install / "certificates" / "live" / self.domain


def node_ips(value: str) -> tuple[str, ...]:
    """The addresses in OPENVIDU_ENTERPRISE_HA_NODE_IPS.

    Raises:
        SettingsError: there is none, or one is no address.
    """
    found = tuple(part.strip() for part in value.split(",") if part.strip())
    if not found:
        raise SettingsError(f"{environment.NODE_IPS} is not set.")
    for ip in found:
        try:
            ipaddress.ip_address(ip)
        except ValueError as error:
            raise SettingsError(
                f"The IP address {ip} defined in {environment.NODE_IPS} is not valid"
            ) from error
    return found


def parse(values: Mapping[str, str], install: Path) -> Settings:
    """Read the settings from the container's environment.

    Raises:
        SettingsError: the list of nodes can't be used.
    """

    def number(name: str, default: int) -> int:
        return int(values.get(name) or default)

    def networks(name: str) -> tuple[str, ...]:
        listed = tuple(part.strip() for part in values.get(name, "").split(",") if part.strip())
        return () if listed == ("all",) else listed

    dashboard = networks("ALLOWED_ACCESS_TO_DASHBOARD")
    balances = values["PROXY_MODE"] == "ENTERPRISE_HA"
    return Settings(
        domain=values["DOMAIN_OR_PUBLIC_IP"],
        certificate_type=values["CERTIFICATE_TYPE"],
        email=values.get("LETSENCRYPT_EMAIL", ""),
        balances=balances,
        node_ips=node_ips(values.get(environment.NODE_IPS, "")) if balances else (),
        http_port=number("PROXY_HTTP_PORT", ports.HTTP),
        https_port=number("PROXY_HTTPS_PORT", ports.HTTPS),
        worker_connections=number("WORKER_CONNECTIONS", 10240),
        protocols=values.get("PROXY_HTTPS_PROTOCOLS") or "TLSv1.2 TLSv1.3",
        ciphers=values.get("PROXY_HTTPS_CIPHERS") or "DEFAULT",
        hsts=values.get("PROXY_HTTPS_HSTS") or "max-age=63072000",
        redirects_www=values.get("REDIRECT_WWW") == "true",
        allowed_dashboard=dashboard,
        # Whoever may see the dashboard may use the API.
        allowed_api=(*networks("ALLOWED_ACCESS_TO_RESTAPI"), *dashboard)
        if networks("ALLOWED_ACCESS_TO_RESTAPI")
        else (),
        files=Path(values["CONTAINER_FILES"]),
        install=install,
    )
