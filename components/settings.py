"""Every configuration key, once: its type, default, meaning and example.

`Pulumi.yaml`'s schema and the config reference are checked against this table. Parsing and
cross-checks are in `configuration`.
Source: the keys follow the parameters of the page, "Installing Base Services" step 6 and
"Installing OpenVidu Enterprise Nodes" step 6.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any

from components import aws_values, values
from components.existing.hosts import Host, host
from components.mistakes import MemberError, member
from components.numbering import node_numbers
from components.over_ssh import OWN_AGENT
from components.ssh_way import SSM
from openvidu import roles
from openvidu.roles import Role

_DEFAULT_SUBNET = ipaddress.IPv4Network("10.5.0.0/24")
AWS, EXISTING = "aws", "existing"
PINS = "installScriptSha256"
"""The key that pins OpenVidu's install scripts."""
HA, SINGLE_MASTER, HA_MANAGED = "ha", "single-master", "ha-managed"
OWNCERT, ACM = "owncert", "acm"
ALL_AT_ONCE, ROLLING = "all-at-once", "rolling"
DEFAULT_BUCKET = "openvidu-enterprise"
BASE_OFFSET = 5
"""The base is the fifth address of the cluster's subnet; node i the one at 5 + i."""


@dataclass(frozen=True)
class Key:
    """A configuration key.

    Attributes:
        name: as in `pulumi config set`, without namespace.
        kind: type in `Pulumi.yaml`'s schema: string, integer, boolean, array or object.
        parse: turns the configured text into the value, or raises `ValueError` with what it takes.
        meaning: one sentence for the schema and the reference.
        example: a value that is taken, as text.
        secret: stored with `--secret`, never shown.
        made: `init_stack` makes the value when it is missing.
        meant: the value that a text probably stands for, which is proposed then.
    """

    name: str
    kind: str
    parse: Callable[[str], Any]
    meaning: str
    example: str
    secret: bool = False
    made: bool = False
    meant: Callable[[str], str] | None = None


def _list_of(parse: Callable[[str], Any]) -> Callable[[str], tuple[Any, ...]]:
    def parse_list(text: str) -> tuple[Any, ...]:
        try:
            items = json.loads(text)
        except json.JSONDecodeError:
            raise ValueError("a list") from None
        if not isinstance(items, list):
            raise ValueError("a list")
        # A boolean is an int to Python: 'true' must not become 1.
        texts = [item if isinstance(item, str) else json.dumps(item) for item in items]
        parsed = []
        for place, item in enumerate(texts):
            try:
                parsed.append(parse(item))
            except MemberError as error:
                raise error.within(f"[{place}]") from None
            except ValueError as error:
                raise MemberError(f"[{place}]", item, str(error)) from None
        return tuple(parsed)

    return parse_list


def _networks(text: str) -> tuple[str, ...]:
    """Each network once: two forms of it would be the same rule twice."""
    return tuple(dict.fromkeys(_list_of(values.cidr)(text)))


def _string_map(text: str) -> tuple[tuple[str, str], ...]:
    try:
        items = json.loads(text)
    except json.JSONDecodeError:
        raise ValueError("an object of names and texts") from None
    if not isinstance(items, dict):
        raise ValueError("an object of names and texts")
    for name, item in items.items():
        if not isinstance(item, str | int | float):
            raise MemberError(member(name), item, "a text")
    # `pulumi config set --path` stores true and 5 as what they are to JSON.
    texts = {
        name: item if isinstance(item, str) else json.dumps(item) for name, item in items.items()
    }
    return tuple(sorted(texts.items()))


def _tags(text: str) -> tuple[tuple[str, str], ...]:
    items = _string_map(text)
    lowered = [key.lower() for key, _ in items]
    for key, item in items:
        try:
            aws_values.tag(key, item)
        except ValueError as error:
            raise MemberError(member(key), item, str(error)) from None
        if lowered.count(key.lower()) > 1:
            raise MemberError(member(key), item, "keys that differ by more than their case")
    if len(items) > aws_values.MOST_TAGS:
        raise ValueError(f"at most {aws_values.MOST_TAGS} tags")
    return items


def _digests(text: str) -> tuple[tuple[str, str], ...]:
    names = (roles.BASE.name, roles.MASTER.name, roles.NODE.name)
    items = _string_map(text)
    if not all(name in names and values.is_sha256(digest) for name, digest in items):
        raise ValueError(f"64 of 0-9 and a-f for each of {', '.join(names)} that is pinned")
    return items


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse_choice(text: str) -> str:
        if text not in choices:
            raise ValueError("one of " + ", ".join(choices))
        return text

    return parse_choice


def networks(whole: ipaddress.IPv4Network, zones: int) -> Sequence[ipaddress.IPv4Network]:
    """The parts of the cluster's network: as a whole, or two or more for each zone.

    Args:
        whole: the cluster's network.
        zones: how many zones are used; 0 where it isn't divided.

    Raises:
        ValueError: it's too small to be divided.
    """
    return list(whole.subnets(prefixlen_diff=(2 * zones - 1).bit_length())) if zones else [whole]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What to deploy. Frozen, typed, and checked as a whole by `configuration.read`."""

    node_count: Annotated[
        int,
        Key(
            "nodeCount",
            "integer",
            values.whole_number,
            "Nodes wanted: the machines that carry the calls.",
            "2",
        ),
    ] = 2
    retired_nodes: Annotated[
        tuple[int, ...],
        Key(
            "retiredNodes",
            "array",
            _list_of(values.whole_number),
            "Node numbers not to use: [2] drains node 2 and adds the next number.",
            "[2]",
        ),
    ] = ()
    shape: Annotated[
        str,
        Key(
            "shape",
            "string",
            _one_of(HA, SINGLE_MASTER, HA_MANAGED),
            "Form of the deployment: base and nodes, one master, or nodes and AWS's services.",
            SINGLE_MASTER,
        ),
    ] = HA
    machines: Annotated[
        str,
        Key(
            "machines",
            "string",
            _one_of(AWS, EXISTING),
            "Where machines come from: made on AWS, or the existing ones in hosts.",
            "existing",
        ),
    ] = AWS
    hosts: Annotated[
        tuple[Host, ...],
        Key(
            "hosts",
            "array",
            _list_of(host),
            "Machines that exist, base first: publicIp, privateIp, hostKey, sshPort, sshJump.",
            '[{"publicIp": "203.0.113.5", "privateIp": "10.5.0.5"}]',
        ),
    ] = ()
    install_docker: Annotated[
        bool,
        Key(
            "installDocker",
            "boolean",
            values.boolean,
            "Install Docker and Docker Compose on hosts that lack them.",
            "true",
        ),
    ] = False
    http_proxy: Annotated[
        str | None,
        Key(
            "httpProxy",
            "string",
            values.proxy,
            "Proxy for what machines download: scripts, packages, images. With a login: --secret.",
            "http://proxy.example.io:3128",
        ),
    ] = field(default=None, repr=False)
    no_proxy: Annotated[
        tuple[str, ...],
        Key(
            "noProxy",
            "array",
            _list_of(values.straight),
            "Hosts, .domains and networks that are asked without httpProxy, such as a mirror.",
            '[".example.io"]',
        ),
    ] = ()
    install_script_url: Annotated[
        str | None,
        Key(
            "installScriptUrl",
            "string",
            values.folder_url,
            "Folder, by HTTPS, that has OpenVidu's install scripts instead of OpenVidu's own.",
            "https://mirror.example.io/openvidu",
        ),
    ] = None
    docker_registry: Annotated[
        str | None,
        Key(
            "dockerRegistry",
            "string",
            values.registry,
            "Mirror of Docker Hub (https://…), or a registry to log in at, such as docker.io.",
            "https://mirror.example.io",
        ),
    ] = None
    docker_registry_user: Annotated[
        str | None,
        Key(
            "dockerRegistryUser",
            "string",
            values.email_or_name,
            "User of dockerRegistry.",
            "openvidu",
        ),
    ] = None
    docker_registry_password: Annotated[
        str | None,
        Key(
            "dockerRegistryPassword",
            "string",
            values.login_password,
            "Password, or access token, of dockerRegistryUser.",
            "",
            secret=True,
        ),
    ] = field(default=None, repr=False)
    media_nodes: Annotated[
        tuple[str, ...],
        Key(
            "mediaNodes",
            "array",
            _list_of(values.private_ip),
            "Private addresses of the media nodes that a single master uses.",
            '["10.5.0.20"]',
        ),
    ] = ()
    openvidu_version: Annotated[
        str,
        Key(
            "openviduVersion",
            "string",
            values.version,
            "Version of OpenVidu Enterprise, or latest.",
            "2.30.0",
            meant=values.version_meant,
        ),
    ] = "2.30.0"
    upgrade_strategy: Annotated[
        str,
        Key(
            "upgradeStrategy",
            "string",
            _one_of(ALL_AT_ONCE, ROLLING),
            "How another version comes: all nodes at once, as documented, or one by one.",
            ROLLING,
        ),
    ] = ALL_AT_ONCE
    media_server: Annotated[
        str,
        Key(
            "mediaServer",
            "string",
            _one_of("mediasoup", "kurento"),
            "Media server of the nodes.",
            "mediasoup",
        ),
    ] = "mediasoup"
    domain_or_public_ip: Annotated[
        str | None,
        Key(
            "domainOrPublicIp",
            "string",
            values.domain_or_ip,
            "Domain name that points to the base or master, or its public IP, the default.",
            "openvidu.example.io",
        ),
    ] = None
    hosted_zone_id: Annotated[
        str | None,
        Key(
            "hostedZoneId",
            "string",
            values.name,
            "Route 53 zone in which to point the domain to the base.",
            "Z0123456789ABCDEFGHIJ",
        ),
    ] = None
    overwrite_record: Annotated[
        bool,
        Key(
            "overwriteRecord",
            "boolean",
            values.boolean,
            "Confirms that a record of the domain, which hostedZoneId has already, may be changed.",
            "true",
        ),
    ] = False
    certificate_type: Annotated[
        str,
        Key(
            "certificateType",
            "string",
            _one_of("selfsigned", OWNCERT, "letsencrypt", ACM),
            "Where the certificate comes from; with ha-managed acm or owncert.",
            "letsencrypt",
        ),
    ] = "selfsigned"
    letsencrypt_email: Annotated[
        str | None,
        Key(
            "letsencryptEmail",
            "string",
            values.email,
            "E-mail address for Let's Encrypt.",
            "openvidu@example.io",
        ),
    ] = None
    own_certificate: Annotated[
        str | None,
        Key(
            "ownCertificate",
            "string",
            values.certificate,
            "Your certificate and its chain, PEM.",
            '-- "$(cat certificate.pem)"',
        ),
    ] = None
    own_private_key: Annotated[
        str | None,
        Key(
            "ownPrivateKey",
            "string",
            values.private_key,
            "Private key of your certificate, PEM.",
            "",
            secret=True,
        ),
    ] = field(default=None, repr=False)
    openvidu_secret: Annotated[
        str,
        Key(
            "openviduSecret",
            "string",
            values.secret,
            "Secret with which applications reach the REST API.",
            "",
            secret=True,
            made=True,
        ),
    ] = field(repr=False)
    redis_password: Annotated[
        str,
        Key(
            "redisPassword",
            "string",
            values.secret,
            "Password of Redis.",
            "",
            secret=True,
            made=True,
        ),
    ] = field(default="", repr=False)
    s3_secret_key: Annotated[
        str,
        Key(
            "s3SecretKey",
            "string",
            values.s3_secret_key,
            "Secret key of S3.",
            "",
            secret=True,
            made=True,
        ),
    ] = field(default="", repr=False)
    elasticsearch_password: Annotated[
        str,
        Key(
            "elasticsearchPassword",
            "string",
            values.elasticsearch_password,
            "Password of Elasticsearch and Kibana, 7 characters or more.",
            "",
            secret=True,
            made=True,
        ),
    ] = field(repr=False)
    openvidu_pro_license: Annotated[
        str,
        Key(
            "openviduProLicense",
            "string",
            values.license_key,
            "License of your OpenVidu account.",
            "",
            secret=True,
        ),
    ] = field(repr=False)
    s3_bucket: Annotated[
        str,
        Key(
            "s3Bucket",
            "string",
            values.bucket,
            "Bucket for configuration and recordings.",
            DEFAULT_BUCKET,
        ),
    ] = DEFAULT_BUCKET
    s3_access_key: Annotated[
        str, Key("s3AccessKey", "string", values.access_key, "Access key of S3.", "minioadmin")
    ] = "minioadmin"
    elasticsearch_username: Annotated[
        str,
        Key(
            "elasticsearchUsername",
            "string",
            values.name,
            "User of Elasticsearch and Kibana.",
            "elasticadmin",
        ),
    ] = "elasticadmin"
    https_port: Annotated[
        int, Key("httpsPort", "integer", values.port, "Port of the load balancer for users.", "443")
    ] = 443
    http_port: Annotated[
        int,
        Key(
            "httpPort",
            "integer",
            values.port,
            "Port that leads browsers to HTTPS; Let's Encrypt needs 80.",
            "80",
        ),
    ] = 80
    dashboard_cidrs: Annotated[
        tuple[str, ...],
        Key(
            "dashboardCidrs",
            "array",
            _networks,
            "Networks that may see Inspector, Kibana and MinIO. Default: all.",
            '["203.0.113.0/24"]',
        ),
    ] = ()
    api_cidrs: Annotated[
        tuple[str, ...],
        Key(
            "apiCidrs",
            "array",
            _networks,
            "Networks that may use the REST API from outside. Default: all.",
            '["203.0.113.0/24"]',
        ),
    ] = ()
    subnet_cidr: Annotated[
        ipaddress.IPv4Network,
        Key(
            "subnetCidr",
            "string",
            values.subnet,
            "Network of the cluster; of hosts, the one that their private addresses are in.",
            "10.5.0.0/24",
        ),
    ] = _DEFAULT_SUBNET
    vpc_id: Annotated[
        str | None,
        Key(
            "vpcId",
            "string",
            aws_values.vpc,
            "A VPC that exists, for machines and services, with subnetIds. Default: one is made.",
            "vpc-0123456789abcdef0",
        ),
    ] = None
    subnet_ids: Annotated[
        tuple[str, ...],
        Key(
            "subnetIds",
            "array",
            _list_of(aws_values.subnet),
            "Public subnets of vpcId: the base in the first, nodes in all of them in turn.",
            '["subnet-0123456789abcdef0"]',
        ),
    ] = ()
    ssh_cidrs: Annotated[
        tuple[str, ...],
        Key(
            "sshCidrs",
            "array",
            _networks,
            "Networks that may reach port 22 of machines on AWS. Yours must be among them.",
            '["203.0.113.0/24"]',
        ),
    ] = ()
    allow_ssh_from_anywhere: Annotated[
        bool,
        Key(
            "allowSshFromAnywhere",
            "boolean",
            values.boolean,
            "Confirms that sshCidrs may hold 0.0.0.0/0 or ::/0.",
            "true",
        ),
    ] = False
    ssh_via: Annotated[
        str | None,
        Key(
            "sshVia",
            "string",
            _one_of(SSM),
            "Reach machines on AWS by Session Manager; then sshCidrs may be empty.",
            SSM,
        ),
    ] = None
    ssh_user: Annotated[
        str,
        Key(
            "sshUser", "string", values.unix_user, "User for SSH, with passwordless sudo.", "ubuntu"
        ),
    ] = "ubuntu"
    ssh_public_key: Annotated[
        str | None,
        Key(
            "sshPublicKey",
            "string",
            values.ssh_public_key,
            "Public key that machines accept.",
            '"$(cat id_ed25519.pub)"',
            made=True,
        ),
    ] = None
    ssh_private_key: Annotated[
        str,
        Key(
            "sshPrivateKey",
            "string",
            values.ssh_private_key,
            "Private key of sshPublicKey, in OpenSSH form, without passphrase.",
            "",
            secret=True,
            made=True,
        ),
    ] = field(default="", repr=False)
    ssh_agent: Annotated[
        bool,
        Key(
            "sshAgent",
            "boolean",
            values.boolean,
            "Log in with the keys of your own SSH agent (SSH_AUTH_SOCK), without sshPrivateKey.",
            "true",
        ),
    ] = False
    ssh_jump_private_key: Annotated[
        str | None,
        Key(
            "sshJumpPrivateKey",
            "string",
            values.ssh_private_key,
            "Private key for the jump hosts of hosts (sshJump). Default: sshPrivateKey.",
            "",
            secret=True,
        ),
    ] = field(default=None, repr=False)
    base_instance_type: Annotated[
        str,
        Key(
            "baseInstanceType",
            "string",
            values.instance_type,
            "EC2 type: at least 4 CPUs and 8 GiB for the base, 2 and 8 for a single master.",
            "c5.2xlarge",
        ),
    ] = "c5.2xlarge"
    node_instance_type: Annotated[
        str,
        Key(
            "nodeInstanceType",
            "string",
            values.instance_type,
            "EC2 type of nodes: at least 4 CPUs and 8 GiB.",
            "c5.2xlarge",
        ),
    ] = "c5.2xlarge"
    bastion_instance_type: Annotated[
        str,
        Key(
            "bastionInstanceType",
            "string",
            values.instance_type,
            "EC2 type of the machine that joins and drains nodes with ha-managed.",
            "t3.small",
        ),
    ] = "t3.small"
    availability_zones: Annotated[
        int,
        Key(
            "availabilityZones",
            "integer",
            values.count,
            "Over how many availability zones nodes and services are spread with ha-managed.",
            "2",
        ),
    ] = 2
    redis_node_type: Annotated[
        str,
        Key(
            "redisNodeType",
            "string",
            values.cache_type,
            "ElastiCache type of Redis and its replica with ha-managed.",
            "cache.t3.medium",
        ),
    ] = "cache.t3.medium"
    search_instance_type: Annotated[
        str,
        Key(
            "searchInstanceType",
            "string",
            values.search_type,
            "Type of the instances with Elasticsearch with ha-managed.",
            "m5.large.search",
        ),
    ] = "m5.large.search"
    redis_host: Annotated[
        tuple[str, int] | None,
        Key(
            "redisHost",
            "string",
            values.host_and_port,
            "A Redis that exists, for ha-managed, host or host:port; its password: redisPassword.",
            "redis.example.io:6379",
        ),
    ] = None
    s3_endpoint: Annotated[
        str | None,
        Key(
            "s3Endpoint",
            "string",
            values.http_url,
            "An S3 that exists, for ha-managed, with s3Bucket, s3AccessKey and s3SecretKey.",
            "https://s3.example.io",
        ),
    ] = None
    elasticsearch_url: Annotated[
        str | None,
        Key(
            "elasticsearchUrl",
            "string",
            values.http_url,
            "An Elasticsearch that exists, for ha-managed, with its port; goes with kibanaUrl.",
            "https://elasticsearch.example.io:9200",
        ),
    ] = None
    kibana_url: Annotated[
        str | None,
        Key(
            "kibanaUrl",
            "string",
            values.http_url,
            "A Kibana that exists, for ha-managed, with its port.",
            "https://kibana.example.io:5601",
        ),
    ] = None
    kms_key_id: Annotated[
        str | None,
        Key(
            "kmsKeyId",
            "string",
            aws_values.kms_key,
            "ARN of the KMS key for volumes, bucket, Redis and OpenSearch. Default: AWS's keys.",
            "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        ),
    ] = None
    image_id: Annotated[
        str | None,
        Key(
            "imageId",
            "string",
            aws_values.image,
            "Image of EC2 that new machines start from. Default: the newest of Ubuntu 24.04.",
            "ami-0123456789abcdef0",
        ),
    ] = None
    image_owner: Annotated[
        str | None,
        Key(
            "imageOwner",
            "string",
            aws_values.image_owner,
            "Who owns imageId, by default this account; without it, the images of Ubuntu.",
            "123456789012",
        ),
    ] = None
    tags: Annotated[
        tuple[tuple[str, str], ...],
        Key(
            "tags",
            "object",
            _tags,
            "Tags of your own, on all on AWS that takes tags; Name, project, stack, role stay.",
            "",
        ),
    ] = ()
    permissions_boundary: Annotated[
        str | None,
        Key(
            "permissionsBoundary",
            "string",
            aws_values.policy_arn,
            "ARN of the permissions boundary of the roles and users in IAM that are made.",
            "arn:aws:iam::123456789012:policy/openvidu",
        ),
    ] = None
    iam_path: Annotated[
        str,
        Key(
            "iamPath",
            "string",
            aws_values.iam_path,
            "Path in IAM of the roles, users and instance profiles that are made.",
            "/openvidu/",
        ),
    ] = "/"
    alarm_email: Annotated[
        str | None,
        Key(
            "alarmEmail",
            "string",
            values.email,
            "E-mail address that alarms of CloudWatch reach. Default: no alarms.",
            "operators@example.io",
        ),
    ] = None
    alarm_topic_arn: Annotated[
        str | None,
        Key(
            "alarmTopicArn",
            "string",
            aws_values.topic,
            "ARN of an SNS topic of yours that alarms reach, in place of alarmEmail.",
            "arn:aws:sns:eu-west-1:123456789012:operators",
        ),
    ] = None
    volume_size: Annotated[
        int,
        Key(
            "volumeSize",
            "integer",
            values.volume_size,
            "GiB of each machine's encrypted root volume.",
            "100",
        ),
    ] = 100
    data_volume_size: Annotated[
        int,
        Key(
            "dataVolumeSize",
            "integer",
            values.volume_size,
            "GiB of the encrypted volume with the data: base, master, or a node of OpenSearch's.",
            "100",
        ),
    ] = 100
    backup_days: Annotated[
        int,
        Key(
            "backupDays",
            "integer",
            aws_values.backup_days,
            "Days that a daily snapshot of the base's or master's data volume is kept; 0: none.",
            "14",
        ),
    ] = 0
    restore_from_snapshot: Annotated[
        str | None,
        Key(
            "restoreFromSnapshot",
            "string",
            aws_values.snapshot,
            "Snapshot of EBS that the data volume of a new base or master begins with.",
            "snap-0123456789abcdef0",
        ),
    ] = None
    delete_data: Annotated[
        bool,
        Key(
            "deleteData",
            "boolean",
            values.boolean,
            "Confirms that this volume, or the bucket, may be deleted with its data.",
            "true",
        ),
    ] = False
    bucket_version_days: Annotated[
        int,
        Key(
            "bucketVersionDays",
            "integer",
            values.count,
            "Days that the bucket of ha-managed keeps what was deleted or overwritten.",
            "30",
        ),
    ] = 30
    drain_timeout: Annotated[
        timedelta,
        Key(
            "drainTimeout",
            "string",
            values.duration,
            "How long a leaving node waits for its calls; then the update fails.",
            "6h",
        ),
    ] = timedelta(hours=6)
    force_after_drain_timeout: Annotated[
        bool,
        Key(
            "forceAfterDrainTimeout",
            "boolean",
            values.boolean,
            "Remove a node whose calls outlast drainTimeout all the same. Cuts these calls.",
            "true",
        ),
    ] = False
    max_unavailable: Annotated[
        int,
        Key(
            "maxUnavailable",
            "integer",
            values.count,
            "How many nodes may be out of service at a time while nodes are replaced.",
            "2",
        ),
    ] = 1
    drain_last_node: Annotated[
        bool,
        Key(
            "drainLastNode",
            "boolean",
            values.boolean,
            "Let the last serving node leave, with no node left for calls until another is there.",
            "true",
        ),
    ] = False
    drain_without_api: Annotated[
        bool,
        Key(
            "drainWithoutApi",
            "boolean",
            values.boolean,
            "Where OpenVidu's API refuses to drain (405): stop a node in a moment without calls.",
            "true",
        ),
    ] = False
    change_limit: Annotated[
        timedelta,
        Key(
            "configChangeTimeout",
            "string",
            values.duration,
            "How long a changed configuration waits for a moment without calls, for a restart.",
            "1h",
        ),
    ] = timedelta(hours=1)
    change_during_calls: Annotated[
        bool,
        Key(
            "configChangeDuringCalls",
            "boolean",
            values.boolean,
            "Don't wait for that moment. Cuts every call when the configuration changes.",
            "true",
        ),
    ] = False
    recording: Annotated[
        bool,
        Key(
            "recording",
            "boolean",
            values.boolean,
            "Whether calls can be recorded: into s3Bucket, or onto a single master's disk.",
            "true",
        ),
    ] = False
    webhook_endpoint: Annotated[
        str | None,
        Key(
            "webhookEndpoint",
            "string",
            values.webhook_url,
            "Address that receives the cluster's events.",
            "https://app.example.io/events",
        ),
    ] = None
    webhook_events: Annotated[
        tuple[str, ...],
        Key(
            "webhookEvents",
            "array",
            _list_of(values.webhook_event),
            "Events to send. Default: those that OpenVidu's own .env has.",
            '["HANodeRegistered"]',
        ),
    ] = ()
    webhook_headers: Annotated[
        tuple[str, ...],
        Key(
            "webhookHeaders",
            "array",
            _list_of(values.header),
            "HTTP headers that the events are sent with.",
            '["Authorization: Basic …"]',
            secret=True,
        ),
    ] = field(default=(), repr=False)
    turn_server: Annotated[
        str | None,
        Key(
            "turnServer",
            "string",
            values.turn_server,
            "TURN server of your own, for users behind firewalls.",
            "turns:turn.example.io:443",
        ),
    ] = None
    turn_static_auth_secret: Annotated[
        str | None,
        Key(
            "turnStaticAuthSecret",
            "string",
            values.turn_secret,
            "Shared secret of turnServer.",
            "",
            secret=True,
        ),
    ] = field(default=None, repr=False)
    turn_username: Annotated[
        str | None,
        Key(
            "turnUsername",
            "string",
            values.turn_secret,
            "User of turnServer, where it has no shared secret.",
            "openvidu",
        ),
    ] = None
    turn_credential: Annotated[
        str | None,
        Key(
            "turnCredential",
            "string",
            values.turn_secret,
            "Password of turnUsername.",
            "",
            secret=True,
        ),
    ] = field(default=None, repr=False)
    extra_env: Annotated[
        tuple[tuple[str, str], ...],
        Key(
            "extraEnv",
            "object",
            _string_map,
            "Further keys of the .env of nodes or a single master, such as KMS_IMAGE.",
            "",
        ),
    ] = field(default=(), repr=False)
    base_extra_env: Annotated[
        tuple[tuple[str, str], ...],
        Key(
            "baseExtraEnv",
            "object",
            _string_map,
            "Further keys of the base's .env, such as HTTPS_PROTOCOLS, ES_JAVA_OPTS and CALL_….",
            "",
        ),
    ] = field(default=(), repr=False)

    install_script_sha256: Annotated[
        tuple[tuple[str, str], ...],
        Key(
            PINS,
            "object",
            _digests,
            "SHA-256 of OpenVidu's install scripts of this version: of base, master, node.",
            "",
        ),
    ] = ()

    private_ips: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Private addresses by machine, in a network that existed: no key, but chosen among those that
    are free there."""

    @property
    def ssh_variables(self) -> Mapping[str, str]:
        """As whom `remote/session.py` logs in, and whether with the operator's own agent."""
        return {"SSH_USER": self.ssh_user, **({"SSH_AGENT": OWN_AGENT} if self.ssh_agent else {})}

    @property
    def ssh_private_keys(self) -> str:
        """The private keys for SSH, one after the other; empty with an agent of the operator's."""
        return f"{self.ssh_private_key}{self.ssh_jump_private_key or ''}"

    @property
    def entrances(self) -> Mapping[str, int]:
        """Where users come in, by service."""
        return {"http": self.http_port, "https": self.https_port}

    @property
    def main_private_ip(self) -> str:
        """Private address of base, master or bastion: 10.5.0.5 in 10.5.0.0/24, or host's."""
        if self.machines == EXISTING:
            return self.hosts[0].private_ip
        if self.subnet_ids:
            return self.private_ips[self.main_role.name]
        return str(self.subnet_cidr.network_address + BASE_OFFSET)

    def node_private_ip(self, number: int) -> str:
        """Private address of a node: 10.5.0.6 for node 1 in 10.5.0.0/24, or that of its host."""
        if self.machines == EXISTING:
            return self.hosts[number].private_ip
        if self.subnet_ids:
            return self.private_ips[f"node-{number}"]
        place, zone = divmod(number - 1, self.zone_count)
        return str(self.node_networks[zone].network_address + BASE_OFFSET + 1 + place)

    @property
    def node_networks(self) -> Sequence[ipaddress.IPv4Network]:
        """The networks that nodes are in, in turn: one for each availability zone."""
        return self._networks[: self.zone_count]

    @property
    def service_networks(self) -> Sequence[ipaddress.IPv4Network]:
        """Those of AWS's services, which take any address in there: one for each zone."""
        return self._networks[self.zone_count : 2 * self.zone_count]

    @property
    def zone_count(self) -> int:
        """How many subnets machines are in, in turn."""
        if self.subnet_ids:
            return len(self.subnet_ids)
        return self.availability_zones if self.shape == HA_MANAGED else 1

    @property
    def _networks(self) -> Sequence[ipaddress.IPv4Network]:
        return networks(self.subnet_cidr, self.zone_count if self.shape == HA_MANAGED else 0)

    @property
    def main_role(self) -> Role:
        """The role of the machine that a deployment begins with.

        Users connect to it, except to a bastion; from base and bastion nodes join and drain.
        """
        return {SINGLE_MASTER: roles.MASTER, HA_MANAGED: roles.BASTION}.get(self.shape, roles.BASE)

    @property
    def main_instance_type(self) -> tuple[str, str]:
        """The key that names the EC2 type of that machine, and the type."""
        if self.shape == HA_MANAGED:
            return "bastionInstanceType", self.bastion_instance_type
        return "baseInstanceType", self.base_instance_type

    @property
    def instance_types(self) -> dict[str, str]:
        """The EC2 types of all machines by name, as `base`, `master` or `node-1`."""
        nodes = (f"node-{number}" for number in self.node_numbers)
        types = dict.fromkeys(nodes, self.node_instance_type)
        return {**types, self.main_role.name: self.main_instance_type[1]}

    @property
    def node_numbers(self) -> tuple[int, ...]:
        """Numbers of the nodes wanted: the lowest ones that aren't retired."""
        if self.shape == SINGLE_MASTER:
            return ()
        return node_numbers(self.node_count, self.retired_nodes)
