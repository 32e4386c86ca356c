"""AWS: who asks, whether they may make what the program makes, and what is left of quotas.

AWS is asked with `DryRun`, which checks permissions and makes nothing. Only calls that need nothing
that has to be made before are asked so: with made-up ids AWS complains of these. For the others IAM
simulates the caller's policies, which knows nothing of conditions on resources.
Source: EC2 API, "Common query parameters", DryRun; "Error codes", DryRunOperation; IAM API,
SimulatePrincipalPolicy.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.aws.machine_image import UBUNTU_IMAGES, UBUNTU_OWNER
from components.aws.permissions import Scope, Statement, statements
from components.aws.quotas import ADDRESSES, Quota, increase_command, vcpu_quota
from components.settings.choices import HA
from components.settings.table import DEFAULT_BUCKET, Settings
from components.ssh_way import SSM
from scripts.checks.finding import Finding, Result
from scripts.pulumi_cli import PulumiCli, configured

_ASSUMED = re.compile(r"arn:[a-z-]+:sts::[0-9]+:assumed-role/([^/]+)/.+")
Client = Any
"""boto3's client of EC2: its methods are made at run time."""
_ALLOWED = "DryRunOperation"
_REFUSED = ("UnauthorizedOperation", "AccessDenied", "AccessDeniedException")
_WHERE, _CHECK = "AWS", "permissions"
_NEXT = "have it added to the policy for whoever deploys: uv run openvidu-enterprise permissions"
_KEY = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f preflight"
"""A public key to ask with; it's nobody's."""
_Config = Mapping[str, Mapping[str, Any]]


def account(pulumi: PulumiCli, config: _Config) -> list[Finding]:
    """Look at the account that the stack's configuration leads to.

    Args:
        pulumi: the stack.
        config: as `pulumi config --json` prints it.
    """
    # Slow to import, and who has machines of their own needs none of it.
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    from components.aws.provider_session import AwsSession  # noqa: PLC0415
    from scripts import aws_session  # noqa: PLC0415

    try:
        session = AwsSession(aws_session.provider_of_stack(pulumi, config))
        if session.region_name is None:
            problem = "no region is set"
            following = "pulumi config set aws:region eu-west-1"
            return [Finding("credentials", _WHERE, Result.FAILED, problem, following)]
        who = session.client("sts").get_caller_identity()["Arn"]
    except (BotoCoreError, ClientError) as error:
        following = "aws sts get-caller-identity, until it prints who you are"
        return [Finding("credentials", _WHERE, Result.FAILED, str(error), following)]
    who_asks = Finding("credentials", _WHERE, Result.OK, f"{who} in {session.region_name}")

    ec2 = session.client("ec2")
    kind = configured(config, "nodeInstanceType", Settings.node_instance_type)
    scope = scope_of(config, pulumi.stack_name().rpartition("/")[2])
    owner = configured(config, "imageOwner", UBUNTU_OWNER)
    calls = first_calls(ec2, kind, scope, configured(config, "imageId", owner))
    return [
        who_asks,
        *judged({name: _answer(call) for name, call in calls.items()}),
        *simulated(session, who, statements(scope), calls.keys()),
        *_quotas(session, ec2, kind),
    ]


def scope_of(config: _Config, stack: str) -> Scope:
    """What is deployed, as far as the rights of who deploys are about it.

    Args:
        config: as `pulumi config --json` prints it.
        stack: the stack's name alone.
    """
    subnets = config.get("openvidu-enterprise:subnetIds", {}).get("objectValue")
    hosts = config.get("openvidu-enterprise:hosts", {}).get("objectValue")
    return Scope(
        configured(config, "shape", HA),
        stack,
        configured(config, "s3Bucket", DEFAULT_BUCKET),
        configured(config, "hostedZoneId") or None,
        configured(config, "permissionsBoundary") or None,
        configured(config, "iamPath", Settings.iam_path),
        configured(config, "kmsKeyId") or None,
        vpc=configured(config, "vpcId") or None,
        subnets=subnets or (),
        backups=configured(config, "backupDays", "0") != "0",
        ssm=configured(config, "sshVia") == SSM,
        interfaces=[one["interface"] for one in hosts or () if "interface" in one],
    )


def _simulation(
    wanted: Statement, tried: Collection[str], who: str, region: str
) -> dict[str, Any] | None:
    """What IAM is asked of a statement; it takes no patterns, neither of actions nor of ARNs."""
    names = [one for one in wanted.actions if "*" not in one and one not in tried]
    # What is the caller's own IAM knows in a real request only.
    if not names or any("${" in one for one in wanted.resources):
        return None
    asked: dict[str, Any] = {"ActionNames": names}
    if resources := [one for one in wanted.resources if one != "*"]:
        asked["ResourceArns"] = [_concrete(one, who, region) for one in resources]
    given = [(key, values[0], "string") for key, values in wanted.conditions.items()]
    given += [(key, "true", "boolean") for key in wanted.true]
    if given:
        asked["ContextEntries"] = [
            {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": kind}
            for key, value, kind in given
        ]
    return asked


def _concrete(pattern: str, who: str, region: str) -> str:
    """An ARN that a pattern is for, in the caller's account."""
    _, partition, _, _, account, _ = who.split(":", 5)
    arn, _, service, *place, name = pattern.split(":", 5)
    where = [given and at for given, at in zip(place, (region, account), strict=True)]
    return ":".join((arn, partition, service, *where, name.replace("*", "preflight")))


def simulated(
    session: Any, who: str, allowed: Sequence[Statement], tried: Collection[str] = ()
) -> list[Finding]:
    """What IAM says of permissions that can't be tried without making something.

    Args:
        session: gives boto3's clients.
        who: the caller's ARN.
        allowed: the statements that have to be.
        tried: the permissions that were tried.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - as above
    from botocore.parsers import ResponseParserError  # noqa: PLC0415 - as above

    if who.endswith(":root"):
        return []
    iam = session.client("iam")
    denied: list[str] = []
    region = str(session.region_name)
    asked = [found for one in allowed if (found := _simulation(one, tried, who, region))]
    count = sum(len(one["ActionNames"]) for one in asked)
    try:
        principal = _principal(iam, who)
        simulate = iam.get_paginator("simulate_principal_policy").paginate
        results = [
            result
            for one in asked
            for page in simulate(PolicySourceArn=principal, **one)
            for result in page["EvaluationResults"]
        ]
        denied += [one["EvalActionName"] for one in results if one["EvalDecision"] != "allowed"]
    except (BotoCoreError, ClientError, ResponseParserError) as error:
        said = f"{count} others can't be simulated: {error}"
        return [Finding(_CHECK, _WHERE, Result.SKIPPED, said)]
    if denied:
        said = f"not granted, or only for some resources: {', '.join(denied)}"
        return [Finding(_CHECK, _WHERE, Result.WARNING, said, _NEXT)]
    return [Finding(_CHECK, _WHERE, Result.OK, f"granted, according to IAM: {count} others")]


def _principal(iam: Any, who: str) -> str:
    """Whose policies are simulated: of a role that was assumed, the role's."""
    match = _ASSUMED.fullmatch(who)
    return str(iam.get_role(RoleName=match[1])["Role"]["Arn"]) if match else who


def _quotas(session: Any, ec2: Client, instance_type: str) -> list[Finding]:
    """What is taken of the quotas; whether the wanted fits into them, the preview says."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - as above

    asked = session.client("service-quotas")
    vcpus = vcpu_quota(instance_type)
    try:
        taken = {ADDRESSES: len(ec2.describe_addresses()["Addresses"])}
        if vcpus:
            taken[vcpus] = _vcpus(ec2, vcpus)
        return [
            quota_finding(one, session.region_name, used, _holds(asked, one))
            for one, used in taken.items()
        ]
    except (BotoCoreError, ClientError) as error:
        return [Finding("quotas", _WHERE, Result.SKIPPED, f"can't be told: {error}")]


def _holds(service_quotas: Any, quota: Quota) -> int:
    found = service_quotas.get_service_quota(ServiceCode="ec2", QuotaCode=quota.code)
    return int(found["Quota"]["Value"])


def _vcpus(ec2: Client, quota: Quota) -> int:
    """The vCPUs of the account's machines that count towards a quota."""
    running = [{"Name": "instance-state-name", "Values": ["pending", "running"]}]
    pages = ec2.get_paginator("describe_instances").paginate(Filters=running)
    kinds = Counter(
        one["InstanceType"]
        for page in pages
        for reservation in page["Reservations"]
        for one in reservation["Instances"]
        if vcpu_quota(one["InstanceType"]) == quota
    )
    if not kinds:
        return 0
    told = ec2.describe_instance_types(InstanceTypes=[*kinds])["InstanceTypes"]
    return sum(one["VCpuInfo"]["DefaultVCpus"] * kinds[one["InstanceType"]] for one in told)


def quota_finding(quota: Quota, region: str, used: int, holds: int) -> Finding:
    """What to say of a quota.

    Args:
        quota: which.
        region: where.
        used: of it, by the whole account.
        holds: at most.
    """
    said = f"{quota.name}: {used} of {holds} in use"
    if used < holds:
        return Finding("quotas", _WHERE, Result.OK, said)
    following = increase_command(quota, region, 2 * holds)
    return Finding("quotas", _WHERE, Result.WARNING, f"{said}: nothing can be added", following)


def first_calls(
    ec2: Client, instance_type: str, scope: Scope, image_or_owner: str
) -> Mapping[str, Callable[[], object]]:
    """What a deployment begins with, each as a call that makes nothing.

    Args:
        ec2: the client.
        instance_type: of nodes.
        scope: what is deployed: with which tags, and whether in a network that existed.
        image_or_owner: id of the image, or who owns Ubuntu's images.
    """

    def tagged(kind: str) -> list[dict[str, Any]]:
        named = [{"Key": key, "Value": value} for key, value in scope.tags.items()]
        return [{"ResourceType": kind, "Tags": named}]

    def run_instances() -> None:
        image = image_or_owner
        if not image.startswith("ami-"):
            named = [{"Name": "name", "Values": [UBUNTU_IMAGES]}]
            images = ec2.describe_images(Owners=[image_or_owner], Filters=named)["Images"]
            newest = max(images, key=lambda one: one["CreationDate"], default={"ImageId": ""})
            image = newest["ImageId"]
        ec2.run_instances(
            DryRun=True,
            ImageId=image,
            InstanceType=instance_type,
            MinCount=1,
            MaxCount=1,
            TagSpecifications=tagged("instance"),
        )

    network = {
        "ec2:CreateVpc": lambda: ec2.create_vpc(
            DryRun=True, CidrBlock="10.5.0.0/24", TagSpecifications=tagged("vpc")
        ),
        "ec2:CreateInternetGateway": lambda: ec2.create_internet_gateway(
            DryRun=True, TagSpecifications=tagged("internet-gateway")
        ),
    }
    return {
        "ec2:DescribeInstances": lambda: ec2.describe_instances(DryRun=True),
        **({} if scope.vpc else network),
        "ec2:ImportKeyPair": lambda: ec2.import_key_pair(
            DryRun=True,
            KeyName="preflight",
            PublicKeyMaterial=_KEY,
            TagSpecifications=tagged("key-pair"),
        ),
        "ec2:AllocateAddress": lambda: ec2.allocate_address(
            DryRun=True, Domain="vpc", TagSpecifications=tagged("elastic-ip")
        ),
        "ec2:RunInstances": run_instances,
    }


@dataclass(frozen=True)
class Answer:
    """What AWS answers to a call.

    Attributes:
        code: of the error; empty where there was none.
        text: what it says.
    """

    code: str
    text: str


def _answer(call: Callable[[], object]) -> Answer:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - as above

    try:
        call()
    except ClientError as error:
        return Answer(error.response["Error"]["Code"], error.response["Error"]["Message"])
    except (BotoCoreError, KeyError) as error:
        return Answer(type(error).__name__, str(error))
    return Answer("", "AWS ignored DryRun")


def judged(answers: Mapping[str, Answer]) -> list[Finding]:
    """What AWS's answers say of permissions.

    Args:
        answers: by the name of the permission.
    """
    allowed, unknown, found = [], [], []
    for name, answer in answers.items():
        if answer.code == _ALLOWED:
            allowed.append(name)
        elif answer.code in _REFUSED:
            problem = f"{name} isn't granted: {answer.text}"
            found.append(Finding(_CHECK, _WHERE, Result.FAILED, problem, _NEXT))
        else:
            unknown.append(f"{name} ({answer.code or answer.text})")
    if unknown:
        said = f"can't be told: {', '.join(unknown)}"
        found.append(Finding(_CHECK, _WHERE, Result.SKIPPED, said))
    if allowed:
        found.insert(0, Finding(_CHECK, _WHERE, Result.OK, f"granted: {', '.join(allowed)}"))
    return found
