"""What the shape `ha-managed` registers, under Pulumi's mocks, and what it refuses."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from datetime import date
from fnmatch import fnmatch
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from pulumi.runtime import MockCallArgs, MockResourceArgs

from components import down
from components.aws.actions import TYPES, actions
from components.aws.health import DownError, InstanceHealth
from components.aws.network import Network
from components.aws.permissions import Scope, statements
from components.managed import bastion
from components.managed.search import end_of_support
from components.previous_state import from_outputs
from components.remote import run_on
from components.settings.mistakes import ConfigurationError
from components.settings.read import read
from openvidu.ports import Source
from openvidu.roles import BASTION, NODE
from tests.program.conftest import SECRETS, example
from tests.program.test_cluster import (
    INSTANCE_TYPES,
    SECRET_MARK,
    Recorder,
    deploy,
    without_secrets,
)
from tests.program.test_down import KnownInstances

SERVICES = {
    "redisHost": "redis.example.io:6380",
    "s3Endpoint": "https://s3.eu-central-1.amazonaws.com",
    "elasticsearchUrl": "https://elasticsearch.example.io:9200",
    "kibanaUrl": "https://kibana.example.io:5601",
}
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
BUCKET_ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
)
INSTANCE = "aws:ec2/instance:Instance"
GROUP = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/nodes/1"


class Cloud(Recorder):
    """Answers for AWS's services, too."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        identifier, outputs = super().new_resource(args)
        outputs |= {"name": args.name, "arn": f"arn:{args.name}"}
        match args.typ:
            case "aws:lb/targetGroup:TargetGroup":
                outputs["arn"] = GROUP
            case "aws:elasticache/replicationGroup:ReplicationGroup":
                outputs["primaryEndpointAddress"] = "primary.redis.example"
            case "aws:opensearch/domain:Domain":
                outputs["endpoint"] = "search.example"
            case "aws:iam/accessKey:AccessKey":
                outputs["secret"] = "key+of/user"
            case "aws:acm/certificate:Certificate":
                proof = {"resourceRecordName": "_x", "resourceRecordType": "CNAME"}
                outputs["domainValidationOptions"] = [{**proof, "resourceRecordValue": "_y"}]
        return identifier, outputs

    def call(self, args: MockCallArgs) -> dict[str, Any]:
        if args.token == "aws:index/getRegion:getRegion":
            return {"region": "eu-west-1"}
        return super().call(args)


def test_every_type_that_is_made_has_its_permissions(deployed: Cloud) -> None:
    made = {one.typ for one in deployed.registered if one.typ.startswith("aws:")}
    assert made <= {*TYPES["ha-managed"]}
    allowed = actions("ha-managed")
    assert "ec2:GetSecurityGroupsForVpc" in allowed
    assert {"ec2:RunInstances", "es:CreateDomain", "iam:PassRole"} <= {*allowed}
    assert {"iam:CreateUser", "s3:CreateBucket"} & {*actions("ha")} == set()
    assert not [one for one in allowed if one.startswith("dlm:")]


@pytest.fixture
def managed() -> dict[str, str]:
    own = {"shape": "ha-managed", "certificateType": "acm", "hostedZoneId": "Z1"}
    return {**example(), **own, "elasticsearchPassword": "Secret-of-search-1"}


@pytest.fixture
def deployed(managed: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Cloud:
    return up(managed, monkeypatch)


def up(config: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Cloud:
    monkeypatch.setitem(INSTANCE_TYPES, "t3.small", (2, 2048, ["x86_64"]))
    cloud = Cloud()
    deploy(config, recorder=cloud)
    return cloud


def test_the_bastion_is_told_its_proxy_before_it_downloads(
    managed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = up({**managed, "httpProxy": "http://proxy.example.io:3128"}, monkeypatch)
    stdin = cloud.of_type("command:remote:Command")["bastion-membership-program"]["stdin"]
    assert "OWN_WAY=true\nPROXY=http://proxy.example.io:3128\n" in stdin["value"]
    assert cloud.names.index("bastion-membership-program") < cloud.names.index("node-script")


def test_of_iam_only_what_the_program_names_may_be_changed(deployed: Cloud) -> None:
    statements_of = [one.as_json() for one in statements(Scope("ha-managed"))]
    limits = {action: one["Resource"] for one in statements_of for action in one["Action"]}
    assert {*limits} == {*actions("ha-managed")}
    assert all("*" not in on for action, on in limits.items() if action.startswith(("iam:", "s3:")))
    names = {
        "elasticache:CreateReplicationGroup": ("aws:elasticache/replicationGroup:ReplicationGroup"),
        "elasticache:CreateCacheSubnetGroup": "aws:elasticache/subnetGroup:SubnetGroup",
        "iam:CreateUser": "aws:iam/user:User",
        "iam:CreateRole": "aws:iam/role:Role",
        "iam:CreateInstanceProfile": "aws:iam/instanceProfile:InstanceProfile",
        "s3:CreateBucket": "aws:s3/bucket:Bucket",
    }
    for action, kind in names.items():
        (name,) = deployed.of_type(kind)
        assert "name" not in deployed.of_type(kind)[name]
        named = [one.rpartition("/")[2].rpartition(":")[2] for one in limits[action]]
        assert any(fnmatch(f"{name}-1a2b3c4", one) for one in named if one != "*")
    (domain,) = deployed.of_type("aws:opensearch/domain:Domain").values()
    assert fnmatch(f"arn:aws:es:r:1:domain/{domain['domainName']}", limits["es:CreateDomain"][0])
    (passed,) = [one for one in statements_of if "iam:PassRole" in one["Action"]]
    assert passed["Condition"] == {"StringEquals": {"iam:PassedToService": ["ec2.amazonaws.com"]}}


def test_nodes_are_spread_over_zones_and_nothing_takes_their_addresses(deployed: Cloud) -> None:
    subnets = deployed.of_type("aws:ec2/subnet:Subnet")
    assert {
        name: (subnet["cidrBlock"], subnet["availabilityZone"]) for name, subnet in subnets.items()
    } == {
        "subnet-1": ("10.5.0.0/27", "eu-west-1a"),
        "subnet-2": ("10.5.0.32/27", "eu-west-1b"),
        "services-subnet-1": ("10.5.0.96/27", "eu-west-1a"),
        "services-subnet-2": ("10.5.0.128/27", "eu-west-1b"),
    }
    interfaces = deployed.of_type("aws:ec2/networkInterface:NetworkInterface")
    assert {name: one["privateIps"] for name, one in interfaces.items()} == {
        "bastion-interface": ["10.5.0.5"],
        "node-1-interface": ["10.5.0.6"],
        "node-2-interface": ["10.5.0.38"],
    }
    assert interfaces["node-2-interface"]["subnetId"] == "subnet-2-id"
    balancer = deployed.of_type("aws:lb/loadBalancer:LoadBalancer")["load-balancer"]
    assert balancer["subnets"] == ["services-subnet-1-id", "services-subnet-2-id"]


def test_the_load_balancer_waits_for_a_way_to_the_internet(
    managed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    waits_for: list[str] = []
    make = aws.lb.LoadBalancer

    def watched(name: str, **arguments: Any) -> Any:
        waits_for.extend(one._name for one in arguments["opts"].depends_on)
        return make(name, **arguments)

    monkeypatch.setattr(aws.lb, "LoadBalancer", watched)
    up(managed, monkeypatch)
    assert "internet-gateway" in waits_for


def test_nobody_stores_anything_before_the_bucket_encrypts_and_keeps_it(
    managed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    waits_for: list[str] = []

    def watched(machine: Any, name: str, *arguments: Any, **more: Any) -> Any:
        if name == "bastion-services":
            waits_for.extend(one._name for one in more["depends_on"])
        return run_on(machine, name, *arguments, **more)

    monkeypatch.setattr(bastion, "run_on", watched)
    up(managed, monkeypatch)
    kept = {"bucket-tls-only", "bucket-versions", "bucket-encryption"}
    assert kept | {"openvidu-bucket", "bucket-user-policy"} <= {*waits_for}


def test_only_documented_ports_are_open(deployed: Cloud) -> None:
    rules = deployed.of_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    of_machines = {name for name in rules if name.startswith(("node-", "bastion-"))}
    assert {
        (name.split("-")[0], rules[name]["fromPort"], rules[name]["toPort"]) for name in of_machines
    } == {(role.name, rule.first, rule.last) for role in (BASTION, NODE) for rule in role.ports}
    of_services = {
        (name.rsplit("-security", 1)[0], rule["fromPort"], rule.get("cidrIpv4"))
        for name, rule in rules.items()
        if name not in of_machines and "cidrIpv4" in rule
    }
    assert of_services == {
        ("load-balancer-http-from-world-ipv4", 80, "0.0.0.0/0"),
        ("load-balancer-https-from-world-ipv4", 443, "0.0.0.0/0"),
        ("redis-redis-from-cluster", 6379, "10.5.0.0/24"),
        ("search-https-from-cluster", 443, "10.5.0.0/24"),
    }
    assert all(rule.source is not Source.WORLD for rule in BASTION.ports)


def test_users_come_in_at_the_port_that_was_chosen(
    managed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = up({**managed, "httpsPort": "8443"}, monkeypatch)
    rules = cloud.of_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert {name: rule["fromPort"] for name, rule in rules.items() if "https" in name} == {
        "load-balancer-https-8443-from-world-ipv4": 8443,
        "load-balancer-https-8443-from-world-ipv6": 8443,
        # OpenSearch Service takes no other.
        "search-https-from-cluster": 443,
    }
    listeners = cloud.of_type("aws:lb/listener:Listener")
    # Beside the old one, which goes at the end of an update.
    assert listeners.keys() == {"http", "https-8443"}
    assert listeners["https-8443"]["port"] == 8443
    assert listeners["http"]["defaultActions"][0]["redirect"]["port"] == "8443"
    assert cloud.names.index("https-8443") < cloud.names.index("http")


def test_the_load_balancer_asks_the_documented_health(deployed: Cloud) -> None:
    group = deployed.of_type("aws:lb/targetGroup:TargetGroup")["nodes"]
    assert (group["port"], group["targetType"]) == (4443, "ip")
    assert group["healthCheck"]["path"] == "/openvidu/health"
    listeners = deployed.of_type("aws:lb/listener:Listener")
    assert listeners["http"]["defaultActions"][0]["redirect"]["protocol"] == "HTTPS"
    assert listeners["https"]["certificateArn"] == "arn:certificate"
    records = deployed.of_type("aws:route53/record:Record")
    assert records["certificate-record"]["name"] == "_x"
    assert records["load-balancer-record"]["name"] == "openvidu.example.io"


@pytest.mark.parametrize(
    ("version", "path", "statuses"),
    [
        ("2.28.0", "/openvidu/health", "200"),
        ("2.32.0", "/openvidu/health", "200"),
        ("2.32.1", "/", "200,401-403"),
        ("2.33.0", "/", "200,401-403"),
    ],
)
def test_the_load_balancer_asks_what_the_version_answers(
    managed: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    version: str,
    path: str,
    statuses: str,
) -> None:
    cloud = up({**managed, "openviduVersion": version}, monkeypatch)
    check = cloud.of_type("aws:lb/targetGroup:TargetGroup")["nodes"]["healthCheck"]
    assert (check["path"], check["matcher"]) == (path, statuses)


def test_nodes_are_told_where_the_services_are(deployed: Cloud) -> None:
    env = text_of(deployed, "node-2-env")
    for line in (
        "OPENVIDU_ENTERPRISE_HA_NODE_PRIVATE_IP=10.5.0.38",
        "OPENVIDU_ENTERPRISE_HA_REDIS_HOST=primary.redis.example",
        "OPENVIDU_ENTERPRISE_HA_REDIS_PASSWORD=\n",
        "OPENVIDU_ENTERPRISE_HA_S3_CONFIG_SERVICE_ENDPOINT=https://s3.eu-west-1.amazonaws.com",
        "OPENVIDU_ENTERPRISE_HA_S3_CONFIG_REGION=eu-west-1",
        "OPENVIDU_ENTERPRISE_HA_S3_CONFIG_BUCKET=openvidu-bucket-id",
        "OPENVIDU_ENTERPRISE_HA_S3_CONFIG_SECRET_KEY=key+of/user",
        "OPENVIDU_PRO_ELASTICSEARCH_HOST=https://search.example:443",
        "OPENVIDU_PRO_KIBANA_HOST=https://search.example:443/_plugin/kibana",
    ):
        assert line in env


def test_services_that_exist_are_used_and_not_made(
    managed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = up({**managed, **SERVICES}, monkeypatch)
    made = {args.typ.split(":")[1].split("/")[0] for args in cloud.registered if "aws:" in args.typ}
    assert not made & {"elasticache", "s3", "opensearch"}
    env = text_of(cloud, "node-1-env")
    for line in (
        "OPENVIDU_ENTERPRISE_HA_REDIS_HOST=redis.example.io",
        "OPENVIDU_ENTERPRISE_HA_REDIS_PORT=6380",
        "OPENVIDU_ENTERPRISE_HA_REDIS_PASSWORD=secret-of-redis",
        "OPENVIDU_ENTERPRISE_HA_S3_CONFIG_REGION=eu-central-1",
        "OPENVIDU_ENTERPRISE_HA_S3_CONFIG_BUCKET=openvidu-enterprise",
        "OPENVIDU_PRO_ELASTICSEARCH_HOST=https://elasticsearch.example.io:9200",
        "OPENVIDU_PRO_KIBANA_HOST=https://kibana.example.io:5601",
    ):
        assert line in env


def test_what_was_stored_is_private_encrypted_and_kept(
    deployed: Cloud, managed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    private = deployed.of_type("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
    assert all(
        private["bucket-private"][f"{name}"] for name in ("blockPublicAcls", "blockPublicPolicy")
    )
    policy = json.loads(
        deployed.of_type("aws:s3/bucketPolicy:BucketPolicy")["bucket-tls-only"]["policy"]
    )
    assert policy["Statement"][0]["Effect"] == "Deny"
    assert policy["Statement"][0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    redis = deployed.of_type("aws:elasticache/replicationGroup:ReplicationGroup")["redis"]
    assert redis["atRestEncryptionEnabled"]
    assert redis["automaticFailoverEnabled"]
    assert not deployed.of_type("aws:s3/bucket:Bucket")["openvidu-bucket"]["forceDestroy"]
    confirmed = up({**managed, "deleteData": "true"}, monkeypatch)
    assert confirmed.of_type("aws:s3/bucket:Bucket")["openvidu-bucket"]["forceDestroy"]


@pytest.mark.parametrize("bound", [True, False])
def test_whatever_iam_is_made_has_the_boundary_and_the_path(
    bound: bool, managed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    boundary = "arn:aws:iam::123456789012:policy/openvidu"
    own = {"permissionsBoundary": boundary, "iamPath": "/openvidu/"} if bound else {}
    cloud = up({**managed, **own}, monkeypatch)
    made = [one for one in cloud.registered if one.typ.startswith("aws:iam/")]
    paths = {one.typ: one.inputs["path"] for one in made if "path" in one.inputs}
    assert paths == dict.fromkeys(
        ("aws:iam/user:User", "aws:iam/role:Role", "aws:iam/instanceProfile:InstanceProfile"),
        own.get("iamPath", "/"),
    )
    (user,) = cloud.of_type("aws:iam/user:User").values()
    (role,) = cloud.of_type("aws:iam/role:Role").values()
    bounds = {user.get("permissionsBoundary"), role.get("permissionsBoundary")}
    assert bounds == {own.get("permissionsBoundary")}


@pytest.mark.parametrize("days", [30, 7])
def test_what_was_deleted_is_kept_for_some_days(
    days: int, managed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {} if days == 30 else {"bucketVersionDays": str(days)}
    cloud = up({**managed, **own}, monkeypatch)
    kind = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    (lifecycle,) = cloud.of_type(kind).values()
    versions, uploads = lifecycle["rules"]
    assert versions["noncurrentVersionExpiration"] == {"noncurrentDays": days}
    assert uploads["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}
    for rule in (versions, uploads):
        assert (rule["status"], rule["filter"]) == ("Enabled", {"prefix": ""})
    # What is there, and isn't deleted, has no end.
    assert [rule.get("expiration") for rule in lifecycle["rules"]] == [
        {"expiredObjectDeleteMarker": True},
        None,
    ]


@pytest.mark.parametrize("zones", [2, 3])
def test_elasticsearch_has_a_node_in_each_zone(
    zones: int, managed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(INSTANCE_TYPES, "t3.small", (2, 2048, ["x86_64"]))
    cloud = Cloud()
    cloud.zones = ["eu-west-1b", "eu-west-1a", "eu-west-1c"]
    deploy({**managed, "availabilityZones": str(zones)}, recorder=cloud)
    (domain,) = cloud.of_type("aws:opensearch/domain:Domain").values()
    assert domain["clusterConfig"]["instanceCount"] == zones
    assert domain["clusterConfig"]["zoneAwarenessConfig"] == {"availabilityZoneCount": zones}
    assert len(domain["vpcOptions"]["subnetIds"]) == zones


def test_the_end_of_the_engines_support_is_told_in_time() -> None:
    assert end_of_support(date(2027, 5, 10)) is None
    soon, late = end_of_support(date(2027, 5, 11)), end_of_support(date(2027, 11, 8))
    assert "ends on 2027-11-07" in str(soon)
    assert "has ended on 2027-11-07" in str(late)
    assert "2030-11-07" in str(late)


def test_an_elasticsearch_of_ones_own_has_volumes_of_its_own(managed: dict[str, str]) -> None:
    large = {**managed, "dataVolumeSize": "4096"}
    with pytest.raises(ConfigurationError, match=r"searchInstanceType m5\.4xlarge\.search"):
        read(large, SECRETS)
    assert read({**large, "searchInstanceType": "r6g.2xlarge.search"}, SECRETS)
    # What this table doesn't have, AWS judges.
    assert read({**large, "searchInstanceType": "r9g.large.search"}, SECRETS)
    assert read({**large, **SERVICES}, SECRETS)


def test_tags_of_ones_own_are_on_everything_that_takes_tags(
    managed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, *_: told.append(text))
    monkeypatch.setitem(INSTANCE_TYPES, "t3.small", (2, 2048, ["x86_64"]))
    known_by: list[dict[str, str]] = []

    class Asked(Cloud):
        def call(self, args: MockCallArgs) -> dict[str, Any]:
            if args.token == "aws:ec2/getEips:getEips" and args.args.get("tags"):
                known_by.append(args.args["tags"])
            return super().call(args)

    own = {"cost-center": "calls 7", "Stack": "mine", "owner": True}
    cloud = Asked()
    deploy({**managed, "tags": json.dumps(own)}, recorder=cloud)
    # Addresses that are there don't have them yet.
    assert known_by == [{"project": "openvidu-enterprise", "stack": "dev"}]
    made = [one for one in cloud.registered if one.typ.startswith("aws:")]
    untagged = {one.typ for one in made if "tags" not in one.inputs}
    assert {kind for kind in untagged if takes_tags(kind)} == set()
    for one in (one for one in made if one.typ not in untagged):
        tags = one.inputs["tags"]
        assert (tags["cost-center"], tags["owner"], tags["stack"]) == ("calls 7", "true", "dev")
        assert "Stack" not in tags
    roots = [one["rootBlockDevice"] for one in cloud.of_type(INSTANCE).values()]
    assert {one["tags"]["cost-center"] for one in roots} == {"calls 7"}
    assert [one for one in told if one.startswith("tags.Stack isn't used")]
    assert not [one for one in told if "cost-center" in one]


def takes_tags(kind: str) -> bool:
    """Whether pulumi-aws has tags for a type."""
    module, name = kind.removeprefix("aws:").split("/")
    sdk = getattr(getattr(aws, module), name.partition(":")[2])
    return "tags" in inspect.signature(sdk._internal_init).parameters


def test_a_key_of_ones_own_encrypts_everything_that_is_stored(
    managed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = up({**managed, "kmsKeyId": KEY}, monkeypatch)
    roots = [one["rootBlockDevice"]["kmsKeyId"] for one in cloud.of_type(INSTANCE).values()]
    assert roots == [KEY] * 3
    (redis,) = cloud.of_type("aws:elasticache/replicationGroup:ReplicationGroup").values()
    (domain,) = cloud.of_type("aws:opensearch/domain:Domain").values()
    assert (redis["kmsKeyId"], domain["encryptAtRest"]["kmsKeyId"]) == (KEY, KEY)
    assert domain["encryptAtRest"]["enabled"]
    (encryption,) = cloud.of_type(BUCKET_ENCRYPTION).values()
    (rule,) = encryption["rules"]
    by = rule["applyServerSideEncryptionByDefault"]
    assert (by, rule["bucketKeyEnabled"]) == (
        {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY},
        True,
    )
    (user,) = cloud.of_type("aws:iam/userPolicy:UserPolicy").values()
    last = json.loads(user["policy"])["Statement"][-1]
    assert (last["Resource"], last["Action"]) == (KEY, ["kms:Decrypt", "kms:GenerateDataKey"])


def test_without_one_the_services_keys_do(deployed: Cloud) -> None:
    made = [one.inputs for one in deployed.registered if one.typ.startswith("aws:")]
    assert not [one for one in made if "kms" in json.dumps(without_secrets(one))]
    (encryption,) = deployed.of_type(BUCKET_ENCRYPTION).values()
    assert encryption["rules"] == [
        {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
    ]


OTHER_KEY = KEY.replace("1234abcd", "ffffffff")


@pytest.mark.parametrize(
    ("wanted", "root", "redis", "problem"),
    [
        (KEY, KEY, KEY, None),
        (KEY, OTHER_KEY, OTHER_KEY, f"must stay as it is, got {KEY}; bastion has {OTHER_KEY}"),
        (None, OTHER_KEY, None, None),
        (None, OTHER_KEY, OTHER_KEY, f"must stay as it is, got none; redis has {OTHER_KEY}"),
    ],
    ids=["the same", "another", "AWS's own", "taken out"],
)
def test_another_key_is_refused_where_something_is_encrypted(
    managed: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    wanted: str | None,
    root: str,
    redis: str | None,
    problem: str | None,
) -> None:
    monkeypatch.setitem(INSTANCE_TYPES, "t3.small", (2, 2048, ["x86_64"]))
    cloud = Cloud()
    urn = "urn:pulumi:dev::openvidu-enterprise::"
    machine = {"instanceType": "t3.small", "rootBlockDevice": {"kmsKeyId": root}}
    cloud.state[f"{urn}{INSTANCE}::bastion"] = {"outputs": machine}
    group = "aws:elasticache/replicationGroup:ReplicationGroup"
    cloud.state[f"{urn}{group}::redis"] = {"outputs": {"kmsKeyId": redis}}
    config = {**managed, **({"kmsKeyId": wanted} if wanted else {})}
    if problem is None:
        deploy(config, recorder=cloud)
        return
    with pytest.raises(ConfigurationError, match=problem):
        deploy(config, recorder=cloud)
    assert not cloud.registered


@pytest.mark.parametrize("shape", ["ha", "single-master"])
def test_a_key_is_not_taken_out_where_machines_have_it(config: dict[str, str], shape: str) -> None:
    config = {**config, "shape": shape}
    recorder = Recorder()
    kind = "openvidu-enterprise:index:Network"
    urn = f"urn:pulumi:dev::openvidu-enterprise::{kind}::network"
    recorder.state[urn] = {"type": kind, "outputs": {"kmsKeyId": KEY}}
    with pytest.raises(ConfigurationError) as caught:
        deploy(config, recorder=recorder)
    (mistake,) = caught.value.mistakes
    assert mistake.problem == f"must stay as it is, got none; this stack has {KEY}, and keeps it"
    assert mistake.command.startswith(f"pulumi config set kmsKeyId {KEY}\n")
    assert not recorder.registered
    deploy({**config, "kmsKeyId": KEY}, recorder=recorder)


def test_the_key_is_noted(config: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    noted = list[Any]()
    monkeypatch.setattr(Network, "register_outputs", lambda self, outputs: noted.append(outputs))
    deploy({**config, "kmsKeyId": KEY})
    assert [one["kmsKeyId"] for one in noted] == [KEY]


def test_the_buckets_key_is_known_too() -> None:
    by = "applyServerSideEncryptionByDefault"

    def keys(**rule: Any) -> Mapping[str, str]:
        outputs = {"rules": [{by: {"sseAlgorithm": "aws:kms", **rule}}]}
        return from_outputs({"urn::bucket-encryption": {"outputs": outputs}}).service_keys

    assert keys(kmsMasterKeyId=KEY) == {"bucket-encryption": KEY}
    assert keys() == {}


def test_a_key_of_another_region_is_refused(
    managed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    with pytest.raises(ConfigurationError, match=r"must be a key of us-.*, got one of eu-west-1"):
        up({**managed, "kmsKeyId": KEY}, monkeypatch)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    up({**managed, "kmsKeyId": KEY}, monkeypatch)


def test_the_bastion_and_the_bucket_user_may_do_what_they_need_alone(deployed: Cloud) -> None:
    role = json.loads(
        deployed.of_type("aws:iam/rolePolicy:RolePolicy")["bastion-role-policy"]["policy"]
    )
    on_group, seen = role["Statement"]
    assert on_group["Resource"] == GROUP
    assert {action.split(":")[0] for action in on_group["Action"]} == {"elasticloadbalancing"}
    assert seen["Action"] == "elasticloadbalancing:DescribeTargetHealth"
    user = json.loads(
        deployed.of_type("aws:iam/userPolicy:UserPolicy")["bucket-user-policy"]["policy"]
    )
    assert {one["Resource"]: one["Action"] for one in user["Statement"]} == {
        "arn:openvidu-bucket": ["s3:ListBucket", "s3:ListBucketVersions", "s3:GetBucketLocation"],
        "arn:openvidu-bucket/*": ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
        "arn:openvidu-bucket/preflight-*": "s3:DeleteObjectVersion",
    }
    instances = deployed.of_type("aws:ec2/instance:Instance")
    assert instances["bastion"]["iamInstanceProfile"] == "bastion-profile"
    assert not instances["node-1"].get("iamInstanceProfile")


@pytest.mark.parametrize(("gone", "ends"), [("i-of-bastion", True), ("i-another", False)])
def test_an_update_that_goes_by_a_bastion_that_is_gone_fails_before_it_logs_in(
    gone: str, ends: bool, managed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class KnownCloud(KnownInstances, Cloud):
        """Both."""

    health = {"bastion": InstanceHealth(gone, "terminated", "not-applicable", "not-applicable")}
    monkeypatch.setattr(down, "look", lambda *_: health)
    monkeypatch.setitem(INSTANCE_TYPES, "t3.small", (2, 2048, ["x86_64"]))
    cloud = KnownCloud()
    if not ends:
        deploy(managed, recorder=cloud)
        assert "bastion-services" in cloud.names
        return
    with pytest.raises(DownError, match="Next: pulumi up --refresh"):
        deploy(managed, recorder=cloud)
    assert "bastion-services" not in cloud.names


def test_nodes_join_and_drain_from_the_bastion(deployed: Cloud) -> None:
    membership = deployed.of_type("command:local:Command")["node-1-membership"]
    assert membership["environment"]["BASE_HOST"] == "203.0.113.10"
    names = deployed.names
    for before in ("https", "redis", "openvidu-bucket", "bastion-cluster"):
        assert names.index(before) < names.index("node-1-start")
    # Another login restarts nodes: a moment without calls is waited for with the one before.
    order = ["bastion-quiet", "bastion-cluster", "configuration-wanted", "node-1-start"]
    assert sorted(order, key=names.index) == order
    cluster = text_of(deployed, "bastion-cluster")
    assert f"TARGET_GROUP_ARN={GROUP}" in cluster


def test_no_secret_is_registered_in_plain(deployed: Cloud, managed: dict[str, str]) -> None:
    secrets = [managed[key] for key in SECRETS if key in managed] + ["key+of/user"]
    for args in deployed.registered:
        plain = json.dumps(without_secrets(args.inputs))
        assert not [secret for secret in secrets if secret in plain]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"certificateType": "letsencrypt"}, "must be acm or owncert"),
        ({"domainOrPublicIp": "203.0.113.5"}, "must be a domain name for ha-managed"),
        ({"hostedZoneId": ""}, "proves that the domain is yours"),
        ({"machines": "existing"}, "must be aws with ha-managed"),
        ({"availabilityZones": "1"}, "must be 2 or 3"),
        (
            {"domainOrPublicIp": f"{'a' * 50}.openvidu.example.io"},
            "must be 64 characters at most for acm, got 70",
        ),
        ({"subnetCidr": "10.5.0.0/26"}, "too small for 4 subnets"),
        ({"nodeCount": "51"}, "must be 1 to 50"),
        ({"kibanaUrl": "https://kibana.example.io:5601"}, "go together"),
        ({"elasticsearchPassword": "alllowercase"}, "a lowercase and an uppercase letter"),
        ({"openviduVersion": "latest"}, "without a base"),
        ({"redisHost": "redis.example.io:high"}, "a host and its port"),
        ({"httpsPort": "80"}, "must be different ports, got 80"),
        ({"redisNodeType": "t3.medium"}, "cache.t3.medium"),
        ({"dataVolumeSize": "1025"}, "at most 1024 GiB for a node of type m5.large.search"),
        (
            {"searchInstanceType": "t3.small.search", "dataVolumeSize": "101"},
            "at most 100 GiB for a node of type t3.small.search",
        ),
        ({"searchInstanceType": "r6gd.large.search"}, "must be a type with gp3 volumes"),
        ({"searchInstanceType": "m4.large.search"}, "must be a type with gp3 volumes"),
        ({"dataVolumeSize": "16385"}, "30 to 16384 GiB"),
        ({"bucketVersionDays": "0"}, "a whole number of 1 or more"),
        ({"tags": '{"aws:cost": "1"}'}, "are AWS's own"),
        ({"tags": '{"cost": "a;b"}'}, r"tags\.cost must be letters, digits.*, got \"a;b\""),
        ({"tags": json.dumps({"cost": "x" * 257})}, "up to 128 in a key and 256 in a value"),
        ({"tags": '{"cost": "1", "Cost": "2"}'}, "differs from the others by more than case"),
        ({"tags": json.dumps({str(n): "" for n in range(41)})}, "at most 40 tags"),
        ({"kmsKeyId": "alias/openvidu"}, "the ARN of a KMS key"),
        ({"kmsKeyId": KEY.replace("key/", "alias/")}, "the ARN of a KMS key"),
        ({"permissionsBoundary": "openvidu"}, "the ARN of an IAM policy"),
        ({"iamPath": "openvidu"}, "begins and ends with /"),
        ({"iamPath": f"/{'x' * 511}/"}, "begins and ends with /"),
    ],
)
def test_what_cannot_work_is_refused(
    managed: dict[str, str], change: Mapping[str, str], expected: str
) -> None:
    with pytest.raises(ConfigurationError, match=expected):
        read({**managed, **change}, SECRETS)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *SERVICES.items(),
        ("permissionsBoundary", "arn:aws:iam::aws:policy/PowerUserAccess"),
        ("iamPath", "/openvidu/"),
        ("bucketVersionDays", "7"),
    ],
)
def test_other_shapes_have_no_use_for_what_is_of_aws_services(
    config: dict[str, str], key: str, value: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"{key}: is for ha-managed.*; shape is ha"):
        read({**config, key: value}, SECRETS)


def test_as_many_zones_as_wanted_have_to_have_the_machines(
    managed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(
        ConfigurationError, match="availabilityZones: is 3, and only eu-west-1a and"
    ):
        up({**managed, "availabilityZones": "3"}, monkeypatch)


def text_of(cloud: Cloud, command: str) -> str:
    """What a command reads from standard input."""
    stdin = cloud.of_type("command:remote:Command")[command]["stdin"]
    assert stdin[SECRET_MARK]
    return str(stdin["value"])


BUCKET = "urn:pulumi:dev::openvidu-enterprise::aws:s3/bucket:Bucket::openvidu-bucket"


def with_bucket(name: str) -> Cloud:
    cloud = Cloud()
    cloud.state[BUCKET] = {"type": "aws:s3/bucket:Bucket", "outputs": {"bucket": name}}
    return cloud


@pytest.mark.parametrize("before", ["openvidu-bucket-0a1b2c3", "calls"])
@pytest.mark.parametrize("delete_data", ["true", "false"])
def test_a_bucket_keeps_its_name_and_what_is_in_it(
    managed: dict[str, str], before: str, delete_data: str
) -> None:
    changes = {"deleteData": delete_data, "s3Bucket": "recordings"}
    with pytest.raises(ConfigurationError) as caught:
        deploy({**managed, **changes}, recorder=with_bucket(before))
    (mistake,) = caught.value.mistakes
    assert mistake.key == "s3Bucket"
    assert before in mistake.problem
    assert mistake.command.startswith("pulumi config rm s3Bucket\n")


@pytest.mark.parametrize(
    ("before", "changes", "name"),
    [
        (None, {}, None),
        (None, {"s3Bucket": "calls"}, "calls"),
        ("openvidu-bucket-0a1b2c3", {}, "openvidu-bucket-0a1b2c3"),
        ("calls", {}, "calls"),
        ("calls", {"s3Bucket": "calls"}, "calls"),
    ],
)
def test_whoever_types_what_is_proposed_has_the_bucket_that_is_there(
    managed: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    before: str | None,
    changes: dict[str, str],
    name: str | None,
) -> None:
    monkeypatch.setitem(INSTANCE_TYPES, "t3.small", (2, 2048, ["x86_64"]))
    cloud = with_bucket(before) if before else Cloud()
    deploy({**managed, **changes}, recorder=cloud)
    assert cloud.of_type("aws:s3/bucket:Bucket")["openvidu-bucket"].get("bucket") == name
