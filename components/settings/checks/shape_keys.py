"""Keys that a shape needs, and keys that it has no use for. Pure."""

from __future__ import annotations

from components.settings.choices import EXISTING, HA, HA_MANAGED, SINGLE_MASTER
from components.settings.mistakes import Mistake, of_no_use, set_member_command
from components.settings.notified import topics
from components.settings.table import Settings


def find_mistakes(settings: Settings) -> list[Mistake]:
    """What a shape lacks, or has too much, of nodes and services."""
    if settings.shape == SINGLE_MASTER:
        return [
            Mistake(key, "a single master has no nodes", f"pulumi config rm {key}")
            for key, found, default in (
                ("nodeCount", settings.node_count, Settings.node_count),
                ("retiredNodes", settings.retired_nodes, Settings.retired_nodes),
                ("standbyNodes", settings.standby_nodes, Settings.standby_nodes),
            )
            if found != default
        ]
    mistakes = []
    if settings.shape == HA:
        services = {
            "redisPassword": settings.redis_password,
            "s3SecretKey": settings.s3_secret_key,
        }
        mistakes = [
            Mistake(key, "is missing", "uv run openvidu-enterprise init-stack")
            for key, found in services.items()
            if not found
        ]
    if settings.media_nodes:
        problem = "is for a single master; nodes carry their media themselves"
        mistakes.append(Mistake("mediaNodes", problem, "pulumi config rm mediaNodes"))
    return mistakes


def _has_hosts(settings: Settings) -> bool:
    """Whether the machine that a deployment begins with was there before."""
    return settings.machines == EXISTING or bool(settings.hosts)


def _said(settings: Settings) -> str:
    """Where the configuration says so."""
    return "machines is existing" if settings.machines == EXISTING else "hosts names the base"


def who_may_see(settings: Settings) -> list[Mistake]:
    """Who may see what is the proxy's to check, of a base or a single master."""
    if settings.shape != HA_MANAGED:
        return []
    problem = "is for a base or a single master; an AWS load balancer doesn't check addresses"
    of_keys = {"dashboardCidrs": settings.dashboard_cidrs, "apiCidrs": settings.api_cidrs}
    return of_no_use(of_keys, problem)


def alarms(settings: Settings) -> list[Mistake]:
    """Alarms are CloudWatch's, of machines on AWS, and reach one place."""
    of_keys = {"alarmEmail": settings.alarm_email, "alarmTopicArn": settings.alarm_topic_arn}
    if settings.machines == EXISTING:
        return of_no_use(of_keys, "is for machines on AWS; machines is existing")
    if all(of_keys.values()):
        problem = "is set, and so is alarmTopicArn: set only one of the two"
        return [Mistake("alarmEmail", problem, "pulumi config rm alarmEmail")]
    return []


def standbys(settings: Settings) -> list[Mistake]:
    """Standbys are stopped and started by AWS."""
    if not _has_hosts(settings):
        return []
    problem = f"is for machines that AWS makes, stops and starts; {_said(settings)}"
    return of_no_use({"standbyNodes": settings.standby_nodes}, problem)


def topics_to_tell(settings: Settings) -> list[Mistake]:
    """Who publishes on a topic is the base, by a role of its own: hosts have no login at AWS."""
    if not _has_hosts(settings):
        return []
    problem = (
        "names an SNS topic, on which a base that AWS makes publishes by a role of its own; "
        f"{_said(settings)}: name a webhook in its place, slack=URL or json=URL"
    )
    return [
        Mistake("notify", problem, set_member_command("notify", f"[{place}]", "", secret=True))
        for place, one in enumerate(settings.notify)
        if topics([one])
    ]


def backups(settings: Settings) -> list[Mistake]:
    """Snapshots are of the volume that a base or master on AWS has."""
    of_keys = {
        "backupDays": settings.backup_days,
        "restoreFromSnapshot": settings.restore_from_snapshot,
    }
    problem = "is for the data volume of a base or master that AWS makes"
    if _has_hosts(settings):
        return of_no_use(of_keys, f"{problem}; {_said(settings)}")
    if settings.shape == HA_MANAGED:
        return of_no_use(of_keys, f"{problem}; with ha-managed the data is in AWS's services")
    return []
