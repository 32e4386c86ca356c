"""What docs/configuration.md says of a changed key is what a preview of a deployed cluster says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from components.settings.change_kind import Change
from components.settings.table import keys
from tests.lab.conftest import Lab
from tests.program.test_key_changes import COVERED

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("example")]

VPC = {"vpcId": "vpc-0123456789abcdef0", "subnetIds[0]": "subnet-0123456789abcdef0"}
TURN = {"turnServer": "turns:turn.example.io:443"}
WEBHOOK = {"webhookEndpoint": "https://app.example.io/events"}
REGISTRY = {
    "dockerRegistry": "docker.io",
    "dockerRegistryUser": "me",
    "dockerRegistryPassword": "password-of-registry",
}
LOGIN = {**TURN, "turnUsername": "openvidu", "turnCredential": "password-of-turn"}
VALUES: Mapping[str, Mapping[str, str]] = {
    **{
        key: {key: value}
        for key, value in {
            "nodeCount": "3",
            "standbyNodes": "1",
            "shape": "single-master",
            "openviduVersion": "2.31.0",
            "upgradeStrategy": "rolling",
            "mediaServer": "kurento",
            "domainOrPublicIp": "other.example.io",
            "hostedZoneId": "Z0123456789ABCDEFGHIJ",
            "certificateType": "selfsigned",
            "letsencryptEmail": "other@example.io",
            "openviduSecret": "another-openvidu",
            "redisPassword": "another-redis",
            "s3SecretKey": "another-s3-secret",
            "elasticsearchPassword": "another-elastic",
            "openviduProLicense": "another-license",
            "s3Bucket": "another-bucket",
            "s3AccessKey": "anotheradmin",
            "elasticsearchUsername": "another",
            "httpsPort": "8443",
            "subnetCidr": "10.6.0.0/24",
            "allowSshFromAnywhere": "true",
            "baseInstanceType": "c5.4xlarge",
            "nodeInstanceType": "c5.4xlarge",
            "volumeSize": "120",
            "dataVolumeSize": "120",
            "backupDays": "14",
            "restoreFromSnapshot": "snap-0123456789abcdef0",
            "deleteData": "true",
            "checkCall": "true",
            "drainTimeout": "5h",
            "forceAfterDrainTimeout": "true",
            "maxUnavailable": "2",
            "drainLastNode": "true",
            "drainWithoutApi": "true",
            "overwriteRecord": "true",
            "configChangeTimeout": "2h",
            "configChangeDuringCalls": "true",
            "changeWindow": "Sat,Sun 02:00-05:00 Europe/Berlin",
            "recording": "true",
            "alarmEmail": "other@example.io",
            "alarmTopicArn": "arn:aws:sns:eu-west-1:123456789012:operators",
            "imageId": "ami-0123456789abcdef0",
            "imageOwner": "099720109477",
            "nodeImage": "baked",
            "httpProxy": "http://proxy.example.io:3128",
            "installScriptUrl": "https://mirror.example.io/openvidu",
            "dockerRegistry": "https://mirror.example.io",
            "kmsKeyId": "arn:aws:kms:eu-west-1:123456789012:key/1234abcd",
        }.items()
    },
    "vpcId": VPC,
    "tags": {"tags.cost-center": "calls"},
    "noProxy": {"httpProxy": "http://proxy.example.io:3128", "noProxy[0]": ".example.io"},
    "dockerRegistryUser": REGISTRY,
    "dockerRegistryPassword": REGISTRY,
    "retiredNodes": {"retiredNodes[0]": "2"},
    "httpPort": {"certificateType": "selfsigned", "httpPort": "8080"},
    "dashboardCidrs": {"dashboardCidrs[0]": "198.51.100.0/24"},
    "apiCidrs": {"apiCidrs[0]": "198.51.100.0/24"},
    "sshCidrs": {"sshCidrs[1]": "203.0.113.0/25"},
    "extraEnv": {"extraEnv.OPENVIDU_CDR": "true"},
    "baseExtraEnv": {"baseExtraEnv.CALL_USER": "another"},
    "installScriptSha256": {"installScriptSha256.node": 32 * "a1"},
    "webhookEndpoint": WEBHOOK,
    "webhookEvents": {**WEBHOOK, "webhookEvents[0]": "HANodeRegistered"},
    "webhookHeaders": {**WEBHOOK, "webhookHeaders[0]": "X-Api-Key: abc"},
    "notify": {"notify[0]": "slack=https://hooks.slack.com/services/T0/B0/x"},
    "turnServer": {**TURN, "turnStaticAuthSecret": "secret-of-turn"},
    "turnStaticAuthSecret": {**TURN, "turnStaticAuthSecret": "secret-of-turn"},
    "turnUsername": LOGIN,
    "turnCredential": LOGIN,
}
"""A change of each key, with what it needs."""
SHOWN = {
    Change.NODES_COME_AND_GO: {"a machine comes"},
    Change.STANDBYS: {"a machine comes"},
    Change.NODE_BY_NODE: {"a node is replaced"},
    Change.STOP: {"the base is stopped"},
    Change.NODES_RESTART: {"nodes restart"},
    Change.BASE_RESTARTS: {"base restarts"},
    Change.ALL_RESTARTS: {"base restarts", "nodes restart"},
}
BY_DEFAULT = ("baseInstanceType", "subnetCidr", "certificateType")


@pytest.fixture
def configured(cluster: Lab) -> Iterator[Lab]:
    """The example; its configuration is put back."""
    before = cluster.directory.stack_config.read_text()
    yield cluster
    cluster.directory.stack_config.write_text(before)


def shown(preview: Mapping[str, Any]) -> set[str]:
    """What a preview's steps do to machines and services that carry calls."""
    ops = {step["urn"].rpartition("$")[2]: step["op"] for step in preview["steps"]}
    changed = {name: op for name, op in ops.items() if op != "same"}
    marks = {
        "a machine comes": changed.get("aws:ec2/instance:Instance::node-3") == "create",
        "a node is replaced": "replace" in changed.get("aws:ec2/instance:Instance::node-1", ""),
        "the base is stopped": "command:local:Command::base-stop" in changed,
        "base restarts": "command:local:Command::base-quiet" in changed,
        "nodes restart": "command:local:Command::configuration" in changed,
    }
    return {mark for mark, is_shown in marks.items() if is_shown}


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(key, marks=() if key in BY_DEFAULT else pytest.mark.matrix)
        for key in VALUES
        if keys()[key].change not in (Change.UPGRADE, Change.ROTATED)
    ],
)
def test_a_changed_key_does_what_the_table_says(configured: Lab, key: str) -> None:
    lab = configured
    for name, value in VALUES[key].items():
        key_alone = re.split(r"[.\[]", name)[0]
        secret = ["--secret"] if keys()[key_alone].secret else []
        lab.ok("run", "--", "pulumi", "config", "set", "--path", *secret, name, value)
    done = lab.run("preview", "--json")
    if keys()[key].change is Change.REFUSED:
        assert done.status != 0
        assert re.search(rf"  {key}: (must|is) ", done.out + done.err)
        return
    assert done.status == 0, done.out + done.err
    assert shown(json.loads(done.out)) == SHOWN.get(keys()[key].change, set())


def test_each_key_is_changed_somewhere() -> None:
    # Those that this deployment hasn't are compared without a lab.
    assert keys().keys() == VALUES.keys() | COVERED
