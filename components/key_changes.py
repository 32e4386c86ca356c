"""What a changed key does to a cluster that is deployed: the table in docs/configuration.md.

uv run python -m components.key_changes docs/configuration.md
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from enum import Enum
from pathlib import Path

from components.settings.table import keys

BEGIN, END = "<!-- made by uv run python -m components.key_changes -->\n", "<!-- end -->\n"


_WAITED, _UNAFFECTED = "are waited for", "not affected"


class Change(Enum):
    """A kind of change: what happens, and what becomes of calls."""

    NODES_COME_AND_GO = ("[nodes come and go](scaling.md)", _WAITED)
    NODE_BY_NODE = ("each node is replaced, one after the other", _WAITED)
    STOP = ("AWS stops the machine and starts it with the new type", _WAITED)
    UPGRADE = ("[OpenVidu is upgraded](upgrading.md)", _WAITED)
    NODES_RESTART = ("every node restarts, once", _WAITED)
    BASE_RESTARTS = ("base services restart", _WAITED)
    ALL_RESTARTS = ("base services restart, then every node", _WAITED)
    RELOAD = ("the load balancer reloads; see the [runbook](runbook.md)", _UNAFFECTED)
    UPDATES = ("nothing; [later updates keep to it](#hours-for-changes)", _UNAFFECTED)
    NOTED = ("stored on the base", _UNAFFECTED)
    CALLED = (
        "the update ends with [a call on each node](status.md#at-the-end-of-an-update)",
        _UNAFFECTED,
    )
    AWS = ("AWS changes it while everything runs", _UNAFFECTED)
    WAY_OUT = (
        "the next downloads use it; Docker, which isn't restarted for it, "
        "[from its next start on](#another-proxy-for-docker)",
        _UNAFFECTED,
    )
    REGISTRY = ("the next pulls use it; Docker reads it while it runs", _UNAFFECTED)
    NEW_MACHINES = ("nothing, until something is installed again", _UNAFFECTED)
    WAY_IN = (
        "machines get the rights for it, and each script runs on them once more in the new way: "
        "[change it alone, before `sshCidrs`](aws.md#ssh-without-an-open-port)",
        _UNAFFECTED,
    )
    LOGIN = ("refused unless the machines let you in with it; nothing on them changes", _UNAFFECTED)
    ROTATED = (
        "refused until the machines know them: `uv run openvidu-enterprise rotate-ssh-key`",
        _UNAFFECTED,
    )
    REFUSED = ("refused: a deployed stack can't change it; deploy another stack", _UNAFFECTED)


CHANGES: Mapping[str, Change] = {
    **dict.fromkeys(("nodeCount", "retiredNodes", "hosts"), Change.NODES_COME_AND_GO),
    "nodeInstanceType": Change.NODE_BY_NODE,
    "baseInstanceType": Change.STOP,
    "openviduVersion": Change.UPGRADE,
    **dict.fromkeys(
        (
            "recording",
            "webhookEndpoint",
            "webhookEvents",
            "webhookHeaders",
            "turnServer",
            "turnStaticAuthSecret",
            "turnUsername",
            "turnCredential",
            "mediaServer",
            "openviduProLicense",
            "extraEnv",
            "redisHost",
            "s3Endpoint",
            "elasticsearchUrl",
            "kibanaUrl",
        ),
        Change.NODES_RESTART,
    ),
    **dict.fromkeys(
        (
            "certificateType",
            "letsencryptEmail",
            "httpPort",
            "dashboardCidrs",
            "apiCidrs",
            "baseExtraEnv",
            "mediaNodes",
        ),
        Change.BASE_RESTARTS,
    ),
    **dict.fromkeys(
        (
            "domainOrPublicIp",
            "httpsPort",
            "openviduSecret",
            "redisPassword",
            "s3Bucket",
            "s3AccessKey",
            "s3SecretKey",
            "elasticsearchUsername",
            "elasticsearchPassword",
        ),
        Change.ALL_RESTARTS,
    ),
    **dict.fromkeys(("ownCertificate", "ownPrivateKey"), Change.RELOAD),
    "changeWindow": Change.UPDATES,
    **dict.fromkeys(
        (
            "drainTimeout",
            "forceAfterDrainTimeout",
            "maxUnavailable",
            "drainLastNode",
            "drainWithoutApi",
            "configChangeTimeout",
            "configChangeDuringCalls",
            "upgradeStrategy",
            "notify",
        ),
        Change.NOTED,
    ),
    "checkCall": Change.CALLED,
    **dict.fromkeys(
        (
            "sshCidrs",
            "allowSshFromAnywhere",
            "hostedZoneId",
            "overwriteRecord",
            "volumeSize",
            "dataVolumeSize",
            "deleteData",
            "backupDays",
            "bastionInstanceType",
            "redisNodeType",
            "searchInstanceType",
            "tags",
            "alarmEmail",
            "alarmTopicArn",
            "permissionsBoundary",
            "iamPath",
            "bucketVersionDays",
        ),
        Change.AWS,
    ),
    **dict.fromkeys(
        ("installDocker", "installScriptSha256", "installScriptUrl", "imageId", "imageOwner"),
        Change.NEW_MACHINES,
    ),
    **dict.fromkeys(("httpProxy", "noProxy"), Change.WAY_OUT),
    **dict.fromkeys(
        ("dockerRegistry", "dockerRegistryUser", "dockerRegistryPassword"), Change.REGISTRY
    ),
    "sshVia": Change.WAY_IN,
    **dict.fromkeys(("sshUser", "sshAgent", "sshJumpPrivateKey"), Change.LOGIN),
    **dict.fromkeys(("sshPublicKey", "sshPrivateKey"), Change.ROTATED),
    **dict.fromkeys(
        (
            "shape",
            "machines",
            "subnetCidr",
            "vpcId",
            "subnetIds",
            "availabilityZones",
            "kmsKeyId",
            "restoreFromSnapshot",
        ),
        Change.REFUSED,
    ),
}
"""What each key does, where it's of use: each shape has keys of its own."""


def table() -> str:
    """The table, with a row for each kind of change and the keys in the order of docs/config.md."""
    rows = ["| keys | what happens | calls |\n", "| --- | --- | --- |\n"]
    for change in Change:
        named = ", ".join(f"`{name}`" for name in keys() if CHANGES[name] is change)
        rows.append(f"| {named} | {change.value[0]} | {change.value[1]} |\n")
    return "".join(rows)


def with_table(text: str) -> str:
    """A page with the table in place of the one that it has."""
    before, _, rest = text.partition(BEGIN)
    return before + BEGIN + table() + END + rest.partition(END)[2]


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(with_table(page.read_text()))
