"""Calls come in by the certificate and the secret that are deployed, not those configured since."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lab.access import Access, access


def state(name: str, kind: str = "command:remote:Command", **inputs: Any) -> dict[str, Any]:
    return {"urn": f"urn:pulumi:dev::openvidu-enterprise::{kind}::{name}", "type": kind} | (
        {"inputs": inputs} if inputs else {}
    )


def env(name: str, certificate: str) -> dict[str, Any]:
    text = f"FOLDER=/opt\n\nOPENVIDU_SECRET=secret-of-openvidu\n{certificate}\n"
    return state(name, stdin={"plaintext": json.dumps(text)})


CERTIFICATE = "aws:acm/certificate:Certificate"
BASTION = env("bastion-cluster", "")
STACK = state("openvidu-enterprise-dev", "pulumi:pulumi:Stack")


@pytest.mark.parametrize(
    ("resources", "is_public"),
    [
        ([env("base-env", "CERTIFICATE_TYPE=letsencrypt")], True),
        ([env("base-env", "CERTIFICATE_TYPE=owncert")], False),
        ([env("master-env", "CERTIFICATE_TYPE=selfsigned")], False),
        ([env("node-1-env", "CERTIFICATE_TYPE=letsencrypt"), env("base-env", "")], False),
        ([BASTION, state("certificate", CERTIFICATE, domainName="openvidu.example.io")], True),
        ([BASTION, state("certificate", CERTIFICATE, certificateBody="-----BEGIN")], False),
    ],
)
def test_the_certificate_that_is_deployed_counts(
    resources: list[dict[str, Any]], is_public: bool
) -> None:
    assert access([STACK, *resources]) == Access("secret-of-openvidu", is_public)


def test_before_there_is_a_cluster_nobody_comes_in() -> None:
    assert access([STACK]) is None
