"""openvidu-java-client, all of its methods, against a simulated server that is alone.

Wants Java from 11 on and Maven, which gets the client.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.clients.conftest import Settings

pytestmark = pytest.mark.upstream
HERE = Path(__file__).parent / "java"
VERSIONS = ("2.30.0", "2.32.1")


@pytest.mark.parametrize("version", VERSIONS)
def test_all_that_the_client_asks_for_is_answered_as_by_openvidu(
    server: Settings, version: str, tmp_path: Path
) -> None:
    fetched = ["mvn", "--batch-mode", "--quiet", f"-Dclient={version}", "--file", HERE / "pom.xml"]
    folder = tmp_path / "client"
    run([*fetched, "dependency:copy-dependencies", f"-DoutputDirectory={folder}"], {})
    # The client trusts whom Java trusts: the authority of this server, in a store of its own.
    store, password = tmp_path / "trusted.p12", "trusted"
    entry = ["-alias", "authority", "-file", server["NODE_EXTRA_CA_CERTS"]]
    where = ["-keystore", store, "-storetype", "PKCS12", "-storepass", password]
    run(["keytool", "-importcert", "-noprompt", *entry, *where], {})
    trust = f"-Djavax.net.ssl.trustStore={store}", f"-Djavax.net.ssl.trustStorePassword={password}"
    run(["java", *trust, "-cp", f"{folder}/*", HERE / "Judge.java"], server)


def run(command: list[str | Path], told: Settings) -> None:
    """Run a command, which has to succeed."""
    done = subprocess.run(
        command,
        env={**os.environ, **told},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
