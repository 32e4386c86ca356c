"""The load balancer's settings and nginx configuration."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from lab.openvidu.base.proxy import config
from lab.openvidu.base.proxy.certificates import CertificateError, ensure
from lab.openvidu.base.proxy.settings import Settings, SettingsError, parse
from lab.openvidu.docker.network import with_names, write_names
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


def check(wanted: Settings, *running: str) -> subprocess.CompletedProcess[str]:
    """Have nginx read a configuration where these containers run."""
    if os.geteuid() != 0:
        pytest.skip("a container's names are a mount, made by root")
    (wanted.files / "upstream.conf").write_text(config.upstream(wanted.node_ips))
    file = wanted.files / "nginx.conf"
    file.write_text(config.main(wanted, with_tls=True))
    hosts = wanted.files / "hosts"
    write_names(hosts, [(name,) for name in running])
    command = with_names(
        hosts, ["nginx", "-t", "-q", "-e", str(wanted.files / "log"), "-c", str(file)]
    )
    return subprocess.run(command, capture_output=True, text=True, check=False)


CONTAINERS = ("app", "kibana", "elasticsearch", "minio-s3")


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"PROXY_HTTPS_PROTOCOLS": "TLSv1.3", "PROXY_HTTPS_HSTS": "max-age=1; preload"},
        {"PROXY_HTTPS_CIPHERS": "ECDHE-RSA-AES128-GCM-SHA256", "REDIRECT_WWW": "true"},
        {"PROXY_HTTPS_PORT": "8443", "PROXY_HTTP_PORT": "8080", "WORKER_CONNECTIONS": "100"},
        {"ALLOWED_ACCESS_TO_DASHBOARD": "10.5.0.0/24", "ALLOWED_ACCESS_TO_RESTAPI": "192.0.2.1"},
        {"PROXY_MODE": "PRO", environment.NODE_IPS: ""},
    ],
)
def test_nginx_takes_the_configuration(tmp_path: Path, values: dict[str, str]) -> None:
    wanted = settings(tmp_path, **values)
    ensure(wanted)
    checked = check(wanted, *CONTAINERS)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("missing", CONTAINERS)
def test_nginx_refuses_the_configuration_while_a_container_is_away(
    tmp_path: Path, missing: str
) -> None:
    wanted = settings(tmp_path)
    ensure(wanted)
    checked = check(wanted, *(name for name in CONTAINERS if name != missing))
    assert checked.returncode == 1
    assert f'[emerg] host not found in upstream "{missing}:' in checked.stderr


def test_time_outs_are_nginxs_own(tmp_path: Path) -> None:
    text = config.main(settings(tmp_path), with_tls=True)
    assert "timeout" not in text.replace("keepalive_timeout 65", "").replace("fail_timeout", "")


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
