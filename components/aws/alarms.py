"""Alarms of CloudWatch: whom they reach, and what each watches.

Of a machine whose host has failed calls are lost as it is: AWS moves it to another host, with its
addresses and volumes. Of one that doesn't answer itself only somebody is told: a reboot by AWS
would cut the calls of a machine that is merely busy.
Source: EC2 guide, "CloudWatch action based recovery", "Status checks for your instances".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.settings.table import Settings

_MINUTE, _FIVE_MINUTES = 60, 300
_AT_LEAST, _AT_MOST = "GreaterThanOrEqualToThreshold", "LessThanOrEqualToThreshold"


@dataclass(frozen=True)
class Metric:
    """When something is wrong.

    Attributes:
        namespace, name: of the metric.
        limit: what it takes to be wrong, in the metric's unit.
        meaning: what is wrong then, in a sentence.
        statistic: of the values of a period.
        below: whether it's wrong at the limit and below it, not above.
        period: seconds.
        periods: how many of them in a row.
    """

    namespace: str
    name: str
    limit: int
    meaning: str
    statistic: str = "Maximum"
    below: bool = False
    period: int = _MINUTE
    periods: int = 3


HOST = Metric(
    "AWS/EC2",
    "StatusCheckFailed_System",
    1,
    "The host below the machine has failed; AWS moves the machine to another.",
    # Source: EC2 guide, "Recover your instance": two consecutive periods of a minute.
    periods=2,
)
MACHINE = Metric(
    "AWS/EC2", "StatusCheckFailed_Instance", 1, "The machine doesn't answer; its host is well."
)
TARGETS = Metric(
    "AWS/ApplicationELB",
    "UnHealthyHostCount",
    1,
    "The load balancer finds that a node isn't healthy.",
)
REDIS_MEMORY = Metric(
    "AWS/ElastiCache",
    "DatabaseMemoryUsagePercentage",
    80,
    "Redis has little memory left.",
    period=_FIVE_MINUTES,
)
REDIS_CPU = Metric(
    "AWS/ElastiCache",
    "EngineCPUUtilization",
    90,
    "Redis has no time left.",
    statistic="Average",
    period=_FIVE_MINUTES,
)
SEARCH_RED = Metric(
    "AWS/ES", "ClusterStatus.red", 1, "Elasticsearch lacks a primary shard: data isn't served."
)


def search_space(volume_gib: int) -> Metric:
    """A quarter of a node's volume, in MiB.

    Source: OpenSearch Service guide, "Recommended CloudWatch alarms".
    """
    return Metric(
        "AWS/ES",
        "FreeStorageSpace",
        volume_gib * 1024 // 4,
        "A node of Elasticsearch has a quarter of its volume left.",
        statistic="Minimum",
        below=True,
    )


@dataclass(frozen=True)
class Alarms:
    """Registers alarms.

    Attributes:
        topic: ARN of the SNS topic that they tell.
        tags: tags that every resource carries.
    """

    topic: pulumi.Output[str]
    tags: Mapping[str, str]

    def watch(
        self,
        name: str,
        metric: Metric,
        dimensions: Mapping[str, pulumi.Input[str]],
        parent: pulumi.Resource,
        actions: Sequence[pulumi.Input[str]] = (),
    ) -> None:
        """Register an alarm.

        Args:
            name: the resource's name without its end.
            metric: when something is wrong.
            dimensions: of what.
            parent: what it's about.
            actions: what AWS does then, beside telling the topic.
        """
        # A name of our own: who makes it anew, without a state, takes its place.
        named = f"{self.tags['project']}-{self.tags['stack']}-{name}"
        aws.cloudwatch.MetricAlarm(
            f"{name}-alarm",
            name=named,
            alarm_description=f"{named}: {metric.meaning}",
            namespace=metric.namespace,
            metric_name=metric.name,
            statistic=metric.statistic,
            dimensions=dict(dimensions),
            period=metric.period,
            evaluation_periods=metric.periods,
            comparison_operator=_AT_MOST if metric.below else _AT_LEAST,
            threshold=metric.limit,
            alarm_actions=[*actions, self.topic],
            ok_actions=[self.topic],
            tags={**self.tags, "Name": named},
            opts=pulumi.ResourceOptions(parent=parent),
        )

    def watch_machine(
        self, name: str, instance: aws.ec2.Instance, instance_type: str, parent: pulumi.Resource
    ) -> None:
        """Register the alarms of a machine.

        Args:
            name: of the machine.
            instance: the machine.
            instance_type: its type: not each can be moved.
            parent: what owns the machine.
        """
        # Source: EC2 API, DescribeInstanceTypes, AutoRecoverySupported: of bare metal and some
        # with disks of their own CloudWatch takes no such alarm.
        moves = aws.ec2.get_instance_type(instance_type=instance_type).auto_recovery_supported
        of = {"InstanceId": instance.id}
        recover = [instance.arn.apply(_recover)] if moves else []
        self.watch(f"{name}-host", HOST, of, parent, recover)
        self.watch(f"{name}-machine", MACHINE, of, parent)


def _recover(instance_arn: str) -> str:
    """The action that moves a machine. Source: CloudWatch API, PutMetricAlarm, AlarmActions."""
    _, partition, _, region, *_ = instance_arn.split(":")
    return f"arn:{partition}:automate:{region}:ec2:recover"


def alarms(settings: Settings, tags: Mapping[str, str], parent: pulumi.Resource) -> Alarms | None:
    """Whom alarms reach; None where nobody is configured."""
    if settings.alarm_topic_arn:
        return Alarms(pulumi.Output.from_input(settings.alarm_topic_arn), tags)
    if settings.alarm_email is None:
        return None
    child = pulumi.ResourceOptions(parent=parent)
    name = topic_name(tags["project"], tags["stack"])
    topic = aws.sns.Topic("alarms", name=name, tags={**tags, "Name": name}, opts=child)
    aws.sns.TopicSubscription(
        "alarms-email", topic=topic.arn, protocol="email", endpoint=settings.alarm_email, opts=child
    )
    return Alarms(topic.arn, tags)


def topic_name(project: str, stack: str) -> str:
    """The name of the stack's own topic.

    A stack may have dots in its name, a topic that isn't FIFO none. Source: SNS API, CreateTopic.
    """
    return f"{project}-{stack}-alarms".replace(".", "-")
