"""What a changed key does to a cluster that is deployed."""

from __future__ import annotations

from enum import Enum

_WAITED, _UNAFFECTED = "are waited for", "not affected"


class Change(Enum):
    """A kind of change: what happens, and what becomes of calls."""

    NODES_COME_AND_GO = ("[nodes come and go](scaling.md)", _WAITED)
    STANDBYS = ("[standbys](scaling.md#standby-machines) come and go", _UNAFFECTED)
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
    ZONE = ("[one is added](ha-managed.md#a-third-zone); fewer are refused", _UNAFFECTED)
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
