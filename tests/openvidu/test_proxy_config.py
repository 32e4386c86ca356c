"""The load balancer's settings and nginx configuration."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lab.openvidu.base.proxy import config
from lab.openvidu.base.proxy.certificates import CertificateError, ensure
from lab.openvidu.base.proxy.settings import Settings, SettingsError, parse
from openvidu import environment


def settings(tmp_path: Path, **values: str) -> Settings:
    (tmp_path / "files").mkdir(exist_ok=True)
    given = {
        "DOMAIN_OR_PUBLIC_IP": "openvidu.example.io",
        "CERTIFICATE_TYPE": "selfsigned",
        "PROXY_MODE": "ENTERPRISE_HA",
        environment.NODE_IPS: "10.5.0.6,10.5.0.7",
        "CONTAINER_FILES": str(tmp_path / "files"),
    }
    return parse(given | values, tmp_path)


def test_nodes_are_served_with_passive_checks() -> None:
    assert config.upstream(["10.5.0.6"]) == (
        "upstream openviduserver {\n    server 10.5.0.6:4443 max_fails=2 fail_timeout=3s;\n}\n"
    )


@pytest.mark.parametrize("value", ["", " , ", "10.5.0.6,node", "10.5.0.300", "10.5.0.6;"])
def test_a_bad_list_of_nodes_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(SettingsError, match=environment.NODE_IPS):
        settings(tmp_path, **{environment.NODE_IPS: value})


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"PROXY_HTTPS_PORT": "8443", "PROXY_HTTP_PORT": "8080", "WORKER_CONNECTIONS": "100"},
        {"ALLOWED_ACCESS_TO_DASHBOARD": "10.5.0.0/24", "ALLOWED_ACCESS_TO_RESTAPI": "192.0.2.1"},
        {"PROXY_MODE": "PRO", environment.NODE_IPS: ""},
    ],
)
def test_nginx_takes_the_configuration(tmp_path: Path, values: dict[str, str]) -> None:
    wanted = settings(tmp_path, **values)
    ensure(wanted)
    (wanted.files / "upstream.conf").write_text(config.upstream(wanted.node_ips))
    file = wanted.files / "nginx.conf"
    file.write_text(config.main(wanted, with_tls=True))
    subprocess.run(["nginx", "-t", "-q", "-e", "stderr", "-c", str(file)], check=True)


def test_open_connections_outlive_a_reload(tmp_path: Path) -> None:
    text = config.main(settings(tmp_path), with_tls=True)
    assert "worker_shutdown_timeout" not in text
    assert "proxy_read_timeout 24h;" in text


def test_without_certificate_only_the_plain_port_is_served(tmp_path: Path) -> None:
    text = config.main(settings(tmp_path), with_tls=False)
    assert "listen 80 " in text
    assert "listen 5443" not in text
    assert "listen 443" not in text


def test_ones_own_certificate_is_copied(tmp_path: Path) -> None:
    wanted = settings(tmp_path, CERTIFICATE_TYPE="owncert")
    with pytest.raises(CertificateError, match=r"certificate\.key"):
        ensure(wanted)
    (tmp_path / "owncert").mkdir()
    for kind in ("cert", "key"):
        (tmp_path / "owncert" / f"certificate.{kind}").write_text(kind)
    ensure(wanted)
    assert (wanted.certificate / "fullchain.pem").read_text() == "cert"
    assert (wanted.certificate / "privkey.pem").read_text() == "key"


def test_a_certificate_is_kept_until_domain_or_type_change(tmp_path: Path) -> None:
    first = settings(tmp_path)
    ensure(first)
    kept = (first.certificate / "fullchain.pem").read_text()
    ensure(first)
    assert (first.certificate / "fullchain.pem").read_text() == kept
    other = settings(tmp_path, DOMAIN_OR_PUBLIC_IP="other.example.io")
    ensure(other)
    assert not first.certificate.exists()
    assert (other.certificate / "fullchain.pem").exists()


def test_an_unknown_kind_of_certificate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CertificateError, match="paper"):
        ensure(settings(tmp_path, CERTIFICATE_TYPE="paper"))
