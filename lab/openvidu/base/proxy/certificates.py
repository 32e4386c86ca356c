"""The proxy's certificate: self-signed, the operator's own, or Let's Encrypt's.

Source: page, CERTIFICATE_TYPE; repository of OpenVidu 2.30.0, image `openvidu-proxy`: kept in
`certificates/` of the install folder, asked for anew when domain or type change; one's own is
copied from `owncert/certificate.cert` and `owncert/certificate.key`.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
import subprocess
import sys

from lab.openvidu.base.proxy.settings import Settings
from lab.openvidu.docker.host import HostFile
from lab.openvidu.web.client import UnreachableError, request

_SECONDS = 30


class CertificateError(Exception):
    """There is no certificate to be had; the message says why."""


def ensure(settings: Settings) -> None:
    """Have a certificate for the domain.

    Raises:
        CertificateError: Let's Encrypt refused, one's own isn't there, or openssl failed.
    """
    whole = settings.install / "certificates"
    marker = whole / "live" / "certificates.conf"
    wanted = f"{settings.domain}\t{settings.certificate_type}\n"
    if marker.exists() and marker.read_text() != wanted:
        # All that is in it; the folder itself is a mount.
        subprocess.run(["find", str(whole), "-mindepth", "1", "-delete"], check=True)
    folder = settings.certificate
    folder.mkdir(parents=True, exist_ok=True)
    marker.write_text(wanted)
    try:
        if not ((folder / "fullchain.pem").exists() or (folder / "privkey.pem").exists()):
            _obtain(settings)
    finally:
        # As the original: also the private key.
        subprocess.run(["chmod", "-R", "777", str(whole)], check=True)


def _obtain(settings: Settings) -> None:
    match settings.certificate_type:
        case "selfsigned":
            _sign_oneself(settings)
        case "owncert":
            _copy_own(settings)
        case "letsencrypt":
            _ask_authority(settings)
        case other:
            raise CertificateError(
                f"CERTIFICATE_TYPE={other!r}: expected selfsigned, owncert or letsencrypt"
            )


def _sign_oneself(settings: Settings) -> None:
    folder = settings.certificate
    command = ["openssl", "req", "-new", "-nodes", "-x509", "-days", "365"]
    command += ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command += ["-subj", f"/CN={settings.domain}"]
    command += ["-keyout", f"{folder}/privkey.pem", "-out", f"{folder}/fullchain.pem"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CertificateError(f"openssl: {done.stderr.strip()}")


def _copy_own(settings: Settings) -> None:
    own, folder = settings.install / "owncert", settings.certificate
    for source, target in (("key", "privkey.pem"), ("cert", "fullchain.pem")):
        try:
            shutil.copyfile(own / f"certificate.{source}", folder / target)
        except FileNotFoundError as error:
            raise CertificateError(f"owncert/certificate.{source} is not there") from error


def _ask_authority(settings: Settings) -> None:
    """One exchange in place of ACME's many: the authority fetches a token from port 80."""
    sys.stdout.write("    - Requesting LetsEncrypt certificate...\n")
    sys.stdout.flush()
    host = HostFile.read()
    if host is None:
        raise CertificateError("this is no host of a lab, so there is no certificate authority")
    url = f"http://{host.authority}/new-certificate"
    token = secrets.token_urlsafe(32)
    challenge = settings.files / "certbot" / ".well-known" / "acme-challenge" / token
    challenge.parent.mkdir(parents=True, exist_ok=True)
    challenge.write_text(token)
    order = {"domain": settings.domain, "email": settings.email, "token": token}
    try:
        answer = asyncio.run(
            request("POST", url, body=json.dumps(order).encode(), seconds=_SECONDS)
        )
        issued = json.loads(answer.body)
        if answer.status != 200:
            # In certbot's words.
            raise CertificateError(
                "Certbot failed to authenticate some domains (authenticator: webroot). "
                "The Certificate Authority reported these problems:\n"
                f"  Domain: {settings.domain}\n  Detail: {issued['detail']}\n"
                "Some challenges have failed."
            )
    except UnreachableError as error:
        raise CertificateError(f"the certificate authority can't be reached: {error}") from error
    finally:
        challenge.unlink()
    (settings.certificate / "privkey.pem").write_text(issued["key"])
    (settings.certificate / "fullchain.pem").write_text(issued["certificate"])
