"""Every configuration key, once: its type, default, meaning and example.

A key is a field of `Settings`: `nodeCount` is `node_count`. `Pulumi.yaml`'s schema and the config
reference are made from this table.
Source: the keys follow the parameters of the page, "Installing Base Services" step 6 and
"Installing OpenVidu Enterprise Nodes" step 6.
"""

from __future__ import annotations

import dataclasses
import functools
import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

from components.existing.hosts import Host, host
from components.numbering import node_numbers
from components.over_ssh import OWN_AGENT
from components.settings import aws_values, lists, network_parts, notified, values
from components.settings.change_kind import Change
from components.settings.change_window import ChangeWindow, change_window
from components.settings.choices import (
    ACM,
    ALL_AT_ONCE,
    AWS,
    BAKED,
    EXISTING,
    HA,
    HA_MANAGED,
    KURENTO,
    MEDIASOUP,
    OWNCERT,
    ROLLING,
    SINGLE_MASTER,
    STOCK,
)
from components.settings.key import Key
from components.ssh_way import SSM
from openvidu import roles
from openvidu.roles import Role

DEFAULT_BUCKET = "openvidu-enterprise"
_DEFAULT_SUBNET = ipaddress.IPv4Network("10.5.0.0/24")
BASE_OFFSET = 5
"""The base is the fifth address of the cluster's subnet; node i the one at 5 + i."""


class NamedType(NamedTuple):
    """An EC2 instance type, and the configuration key that names it."""

    key: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What to deploy. Frozen, typed, and checked as a whole by `read.read`."""

    node_count: Annotated[
        int,
        Key(
            values.whole_number,
            "Number of nodes: the machines that carry the calls.",
            "2",
            Change.NODES_COME_AND_GO,
        ),
    ] = 2
    retired_nodes: Annotated[
        tuple[int, ...],
        Key(
            lists.list_of(values.whole_number),
            "Node numbers not to use: [2] drains node 2 and adds the next number.",
            "[2]",
            Change.NODES_COME_AND_GO,
        ),
    ] = ()
    standby_nodes: Annotated[
        int,
        Key(
            values.whole_number,
            "Machines that are installed, stopped on AWS, and join as nodes in the time of a boot. "
            "Until then they aren't nodes, and carry no calls.",
            "1",
            Change.STANDBYS,
        ),
    ] = 0
    shape: Annotated[
        str,
        Key(
            lists.one_of(HA, SINGLE_MASTER, HA_MANAGED),
            "What is deployed: base and nodes, a single master, or nodes and AWS's services.",
            SINGLE_MASTER,
            Change.REFUSED,
        ),
    ] = HA
    machines: Annotated[
        str,
        Key(
            lists.one_of(AWS, EXISTING),
            "Where machines come from: created on AWS, or the existing ones in hosts.",
            "existing",
            Change.REFUSED,
        ),
    ] = AWS
    hosts: Annotated[
        tuple[Host, ...],
        Key(
            lists.list_of(host),
            "Existing machines, base first: docs/existing.md. Or instances: docs/adopting.md.",
            '[{"publicIp": "203.0.113.5", "privateIp": "10.5.0.5"}]',
            Change.NODES_COME_AND_GO,
        ),
    ] = ()
    install_docker: Annotated[
        bool,
        Key(
            values.boolean,
            "Install Docker and Docker Compose on hosts that lack them.",
            "true",
            Change.NEW_MACHINES,
        ),
    ] = False
    http_proxy: Annotated[
        str | None,
        Key(
            values.proxy,
            "Proxy for what machines download: scripts, packages, images. With a login: --secret.",
            "http://proxy.example.io:3128",
            Change.WAY_OUT,
        ),
    ] = field(default=None, repr=False)
    no_proxy: Annotated[
        tuple[str, ...],
        Key(
            lists.list_of(values.straight),
            "Hosts, .domains and networks reached without httpProxy, such as a mirror.",
            '[".example.io"]',
            Change.WAY_OUT,
        ),
    ] = ()
    install_script_url: Annotated[
        str | None,
        Key(
            values.folder_url,
            "HTTPS address of a folder with OpenVidu's install scripts, instead of its own.",
            "https://mirror.example.io/openvidu",
            Change.NEW_MACHINES,
        ),
    ] = None
    docker_registry: Annotated[
        str | None,
        Key(
            values.registry,
            "Mirror of Docker Hub (https://…), or a registry to log in to, such as docker.io.",
            "https://mirror.example.io",
            Change.REGISTRY,
        ),
    ] = None
    docker_registry_user: Annotated[
        str | None,
        Key(values.email_or_name, "User of dockerRegistry.", "openvidu", Change.REGISTRY),
    ] = None
    docker_registry_password: Annotated[
        str | None,
        Key(
            values.login_password,
            "Password, or access token, of dockerRegistryUser.",
            "",
            Change.REGISTRY,
            secret=True,
        ),
    ] = field(default=None, repr=False)
    media_nodes: Annotated[
        tuple[str, ...],
        Key(
            lists.list_of(values.private_ip),
            "Private addresses of the media nodes that a single master uses.",
            '["10.5.0.20"]',
            Change.BASE_RESTARTS,
        ),
    ] = ()
    openvidu_version: Annotated[
        str,
        Key(
            values.version,
            "Version of OpenVidu Enterprise, or latest.",
            "2.30.0",
            Change.UPGRADE,
            meant=values.version_meant,
        ),
    ] = "2.30.0"
    upgrade_strategy: Annotated[
        str,
        Key(
            lists.one_of(ALL_AT_ONCE, ROLLING),
            "How nodes are upgraded: all at once, as documented, or one by one.",
            ROLLING,
            Change.NOTED,
        ),
    ] = ALL_AT_ONCE
    media_server: Annotated[
        str,
        Key(
            lists.one_of(MEDIASOUP, KURENTO),
            "Media server of the nodes.",
            MEDIASOUP,
            Change.NODES_RESTART,
        ),
    ] = MEDIASOUP
    domain_or_public_ip: Annotated[
        str | None,
        Key(
            values.domain_or_ip,
            "Domain name that points at the base or master. Default: its public IP.",
            "openvidu.example.io",
            Change.ALL_RESTARTS,
        ),
    ] = None
    hosted_zone_id: Annotated[
        str | None,
        Key(
            values.name,
            "Route 53 zone in which to point the domain at the base.",
            "Z0123456789ABCDEFGHIJ",
            Change.AWS,
        ),
    ] = None
    overwrite_record: Annotated[
        bool,
        Key(
            values.boolean,
            "Confirms that the domain's existing record in hostedZoneId may be changed.",
            "true",
            Change.AWS,
        ),
    ] = False
    certificate_type: Annotated[
        str,
        Key(
            lists.one_of("selfsigned", OWNCERT, "letsencrypt", ACM),
            "Where the certificate comes from; with ha-managed acm or owncert.",
            "letsencrypt",
            Change.BASE_RESTARTS,
        ),
    ] = "selfsigned"
    letsencrypt_email: Annotated[
        str | None,
        Key(
            values.email,
            "E-mail address for Let's Encrypt.",
            "openvidu@example.io",
            Change.BASE_RESTARTS,
        ),
    ] = None
    own_certificate: Annotated[
        str | None,
        Key(
            values.certificate,
            "Your certificate and its chain, PEM.",
            '-- "$(cat certificate.pem)"',
            Change.RELOAD,
        ),
    ] = None
    own_private_key: Annotated[
        str | None,
        Key(
            values.private_key,
            "Private key of your certificate, PEM.",
            "",
            Change.RELOAD,
            secret=True,
        ),
    ] = field(default=None, repr=False)
    openvidu_secret: Annotated[
        str,
        Key(
            values.secret,
            "Secret with which applications reach the REST API.",
            "",
            Change.ALL_RESTARTS,
            secret=True,
            made=True,
        ),
    ] = field(repr=False)
    redis_password: Annotated[
        str,
        Key(values.secret, "Password of Redis.", "", Change.ALL_RESTARTS, secret=True, made=True),
    ] = field(default="", repr=False)
    s3_secret_key: Annotated[
        str,
        Key(
            values.s3_secret_key,
            "Secret key of S3.",
            "",
            Change.ALL_RESTARTS,
            secret=True,
            made=True,
        ),
    ] = field(default="", repr=False)
    elasticsearch_password: Annotated[
        str,
        Key(
            values.elasticsearch_password,
            "Password of Elasticsearch and Kibana, 7 characters or more.",
            "",
            Change.ALL_RESTARTS,
            secret=True,
            made=True,
        ),
    ] = field(repr=False)
    openvidu_pro_license: Annotated[
        str,
        Key(
            values.license_key,
            "License of your OpenVidu account.",
            "",
            Change.NODES_RESTART,
            secret=True,
        ),
    ] = field(repr=False)
    s3_bucket: Annotated[
        str,
        Key(
            values.bucket,
            "Bucket for configuration and recordings.",
            DEFAULT_BUCKET,
            Change.ALL_RESTARTS,
        ),
    ] = DEFAULT_BUCKET
    s3_access_key: Annotated[
        str, Key(values.access_key, "Access key of S3.", "minioadmin", Change.ALL_RESTARTS)
    ] = "minioadmin"
    elasticsearch_username: Annotated[
        str,
        Key(values.name, "User of Elasticsearch and Kibana.", "elasticadmin", Change.ALL_RESTARTS),
    ] = "elasticadmin"
    https_port: Annotated[
        int, Key(values.port, "Port of the load balancer for users.", "443", Change.ALL_RESTARTS)
    ] = 443
    http_port: Annotated[
        int,
        Key(
            values.port,
            "Port that leads browsers to HTTPS; Let's Encrypt needs 80.",
            "80",
            Change.BASE_RESTARTS,
        ),
    ] = 80
    dashboard_cidrs: Annotated[
        tuple[str, ...],
        Key(
            lists.networks,
            "Networks that may see Inspector, Kibana and MinIO. Default: all.",
            '["203.0.113.0/24"]',
            Change.BASE_RESTARTS,
        ),
    ] = ()
    api_cidrs: Annotated[
        tuple[str, ...],
        Key(
            lists.networks,
            "Networks that may use the REST API from outside. Default: all.",
            '["203.0.113.0/24"]',
            Change.BASE_RESTARTS,
        ),
    ] = ()
    subnet_cidr: Annotated[
        ipaddress.IPv4Network,
        Key(
            values.subnet,
            "Network of the cluster; of hosts, the one that their private addresses are in.",
            "10.5.0.0/24",
            Change.REFUSED,
        ),
    ] = _DEFAULT_SUBNET
    vpc_id: Annotated[
        str | None,
        Key(
            aws_values.vpc,
            "Existing VPC for machines and services, with subnetIds. Default: a new one.",
            "vpc-0123456789abcdef0",
            Change.REFUSED,
        ),
    ] = None
    subnet_ids: Annotated[
        tuple[str, ...],
        Key(
            lists.list_of(aws_values.subnet),
            "Public subnets of vpcId: the base in the first, nodes in all of them in turn.",
            '["subnet-0123456789abcdef0"]',
            Change.ZONE,
        ),
    ] = ()
    ssh_cidrs: Annotated[
        tuple[str, ...],
        Key(
            lists.networks,
            "Networks that may reach port 22 of machines on AWS. Yours must be among them.",
            '["203.0.113.0/24"]',
            Change.AWS,
        ),
    ] = ()
    allow_ssh_from_anywhere: Annotated[
        bool,
        Key(
            values.boolean, "Confirms that sshCidrs may hold 0.0.0.0/0 or ::/0.", "true", Change.AWS
        ),
    ] = False
    ssh_via: Annotated[
        str | None,
        Key(
            lists.one_of(SSM),
            "Reach machines on AWS through Session Manager (ssm); sshCidrs may then be empty.",
            SSM,
            Change.WAY_IN,
        ),
    ] = None
    ssh_user: Annotated[
        str, Key(values.unix_user, "User for SSH, with passwordless sudo.", "ubuntu", Change.LOGIN)
    ] = "ubuntu"
    ssh_public_key: Annotated[
        str | None,
        Key(
            values.ssh_public_key,
            "Public key that machines accept.",
            '"$(cat id_ed25519.pub)"',
            Change.ROTATED,
            made=True,
        ),
    ] = None
    ssh_private_key: Annotated[
        str,
        Key(
            values.ssh_private_key,
            "Private key of sshPublicKey, in OpenSSH form, without passphrase.",
            "",
            Change.ROTATED,
            secret=True,
            made=True,
        ),
    ] = field(default="", repr=False)
    ssh_agent: Annotated[
        bool,
        Key(
            values.boolean,
            "Log in with the keys of your own SSH agent (SSH_AUTH_SOCK), without sshPrivateKey.",
            "true",
            Change.LOGIN,
        ),
    ] = False
    ssh_jump_private_key: Annotated[
        str | None,
        Key(
            values.ssh_private_key,
            "Private key for the jump hosts of hosts (sshJump). Default: sshPrivateKey.",
            "",
            Change.LOGIN,
            secret=True,
        ),
    ] = field(default=None, repr=False)
    base_instance_type: Annotated[
        str,
        Key(
            values.instance_type,
            "EC2 type: at least 4 CPUs and 8 GiB for the base, 2 and 8 for a single master.",
            "c5.2xlarge",
            Change.STOP,
        ),
    ] = "c5.2xlarge"
    node_instance_type: Annotated[
        str,
        Key(
            values.instance_type,
            "EC2 type of nodes: at least 4 CPUs and 8 GiB.",
            "c5.2xlarge",
            Change.NODE_BY_NODE,
        ),
    ] = "c5.2xlarge"
    bastion_instance_type: Annotated[
        str,
        Key(
            values.instance_type,
            "EC2 type of the machine that joins and drains nodes with ha-managed.",
            "t3.small",
            Change.AWS,
        ),
    ] = "t3.small"
    availability_zones: Annotated[
        int,
        Key(
            values.count,
            "Number of availability zones for nodes and services with ha-managed.",
            "2",
            Change.ZONE,
        ),
    ] = 2
    redis_node_type: Annotated[
        str,
        Key(
            values.cache_type,
            "ElastiCache type of Redis and its replica with ha-managed.",
            "cache.t3.medium",
            Change.AWS,
        ),
    ] = "cache.t3.medium"
    search_instance_type: Annotated[
        str,
        Key(
            values.search_type,
            "Type of the instances with Elasticsearch with ha-managed.",
            "m5.large.search",
            Change.AWS,
        ),
    ] = "m5.large.search"
    redis_host: Annotated[
        values.HostAndPort | None,
        Key(
            values.host_and_port,
            "Existing Redis for ha-managed, host or host:port; its password: redisPassword.",
            "redis.example.io:6379",
            Change.NODES_RESTART,
        ),
    ] = None
    s3_endpoint: Annotated[
        str | None,
        Key(
            values.http_url,
            "Existing S3 for ha-managed, with s3Bucket, s3AccessKey and s3SecretKey.",
            "https://s3.example.io",
            Change.NODES_RESTART,
        ),
    ] = None
    elasticsearch_url: Annotated[
        str | None,
        Key(
            values.http_url,
            "Existing Elasticsearch for ha-managed, with its port; needs kibanaUrl, too.",
            "https://elasticsearch.example.io:9200",
            Change.NODES_RESTART,
        ),
    ] = None
    kibana_url: Annotated[
        str | None,
        Key(
            values.http_url,
            "Existing Kibana for ha-managed, with its port.",
            "https://kibana.example.io:5601",
            Change.NODES_RESTART,
        ),
    ] = None
    kms_key_id: Annotated[
        str | None,
        Key(
            aws_values.kms_key,
            "ARN of the KMS key for volumes, bucket, Redis and OpenSearch. Default: AWS's keys.",
            "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            Change.REFUSED,
        ),
    ] = None
    image_id: Annotated[
        str | None,
        Key(
            aws_values.image,
            "EC2 image that new machines start from. Default: the newest Ubuntu 24.04.",
            "ami-0123456789abcdef0",
            Change.NEW_MACHINES,
        ),
    ] = None
    image_owner: Annotated[
        str | None,
        Key(
            aws_values.image_owner,
            "Owner of imageId (default: this account), or without it of Ubuntu's images.",
            "123456789012",
            Change.NEW_MACHINES,
        ),
    ] = None
    node_image: Annotated[
        str,
        Key(
            lists.one_of(STOCK, BAKED),
            "What new nodes start from: imageId or Ubuntu (stock), or what bake has made (baked).",
            BAKED,
            Change.NEW_MACHINES,
        ),
    ] = STOCK
    tags: Annotated[
        tuple[tuple[str, str], ...],
        Key(
            lists.tags,
            "Tags of your own for all AWS resources; Name, project, stack, role are kept.",
            "",
            Change.AWS,
        ),
    ] = ()
    permissions_boundary: Annotated[
        str | None,
        Key(
            aws_values.policy_arn,
            "ARN of the permissions boundary for the IAM roles and users that are created.",
            "arn:aws:iam::123456789012:policy/openvidu",
            Change.AWS,
        ),
    ] = None
    iam_path: Annotated[
        str,
        Key(
            aws_values.iam_path,
            "IAM path of the roles, users and instance profiles that are created.",
            "/openvidu/",
            Change.AWS,
        ),
    ] = "/"
    alarm_email: Annotated[
        str | None,
        Key(
            values.email,
            "E-mail address for CloudWatch alarms. Default: no alarms.",
            "operators@example.io",
            Change.AWS,
        ),
    ] = None
    alarm_topic_arn: Annotated[
        str | None,
        Key(
            aws_values.topic,
            "ARN of an SNS topic of yours for alarms, instead of alarmEmail.",
            "arn:aws:sns:eu-west-1:123456789012:operators",
            Change.AWS,
        ),
    ] = None
    volume_size: Annotated[
        int,
        Key(values.volume_size, "GiB of each machine's encrypted root volume.", "100", Change.AWS),
    ] = 100
    data_volume_size: Annotated[
        int,
        Key(
            values.volume_size,
            "GiB of the encrypted data volume: of base, master, or each OpenSearch node.",
            "100",
            Change.AWS,
        ),
    ] = 100
    backup_days: Annotated[
        int,
        Key(
            aws_values.backup_days,
            "Days to keep daily snapshots of the base's or master's data volume; 0: none.",
            "14",
            Change.AWS,
        ),
    ] = 0
    restore_from_snapshot: Annotated[
        str | None,
        Key(
            aws_values.snapshot,
            "EBS snapshot from which a new base's or master's data volume is created.",
            "snap-0123456789abcdef0",
            Change.REFUSED,
        ),
    ] = None
    delete_data: Annotated[
        bool,
        Key(
            values.boolean,
            "Confirms that this volume, or the bucket, may be deleted with its data.",
            "true",
            Change.AWS,
        ),
    ] = False
    bucket_version_days: Annotated[
        int,
        Key(
            values.count,
            "Days that ha-managed's bucket keeps what was deleted or overwritten.",
            "30",
            Change.AWS,
        ),
    ] = 30
    drain_timeout: Annotated[
        timedelta,
        Key(
            values.duration,
            "How long a leaving node waits for its calls; after that the update fails.",
            "6h",
            Change.NOTED,
        ),
    ] = timedelta(hours=6)
    force_after_drain_timeout: Annotated[
        bool,
        Key(
            values.boolean,
            "Remove a node even if its calls outlast drainTimeout. Cuts these calls.",
            "true",
            Change.NOTED,
        ),
    ] = False
    max_unavailable: Annotated[
        int,
        Key(
            values.count,
            "How many nodes may be out of service at a time while nodes are replaced.",
            "2",
            Change.NOTED,
        ),
    ] = 1
    drain_last_node: Annotated[
        bool,
        Key(
            values.boolean,
            "Let the last serving node leave, though no node takes calls until another joins.",
            "true",
            Change.NOTED,
        ),
    ] = False
    drain_without_api: Annotated[
        bool,
        Key(
            values.boolean,
            "If OpenVidu's API refuses to drain (405): stop a node at a moment without calls.",
            "true",
            Change.NOTED,
        ),
    ] = False
    config_change_timeout: Annotated[
        timedelta,
        Key(
            values.duration,
            "How long a restart for a changed configuration waits for a moment without calls.",
            "1h",
            Change.NOTED,
        ),
    ] = timedelta(hours=1)
    config_change_during_calls: Annotated[
        bool,
        Key(
            values.boolean,
            "Don't wait for that moment. Cuts every call when the configuration changes.",
            "true",
            Change.NOTED,
        ),
    ] = False
    change_window: Annotated[
        ChangeWindow | None,
        Key(
            change_window,
            "When what carries calls may restart, be upgraded or replaced. Default: now, any time.",
            "'Sat,Sun 02:00-05:00 Europe/Berlin'",
            Change.UPDATES,
        ),
    ] = None
    check_call: Annotated[
        bool,
        Key(
            values.boolean,
            "End each update that changes something with a call on each node, which must work.",
            "true",
            Change.CALLED,
        ),
    ] = False
    recording: Annotated[
        bool,
        Key(
            values.boolean,
            "Whether calls can be recorded: into s3Bucket, or onto a single master's disk.",
            "true",
            Change.NODES_RESTART,
        ),
    ] = False
    webhook_endpoint: Annotated[
        str | None,
        Key(
            values.webhook_url,
            "URL that receives the cluster's events.",
            "https://app.example.io/events",
            Change.NODES_RESTART,
        ),
    ] = None
    webhook_events: Annotated[
        tuple[str, ...],
        Key(
            lists.list_of(values.webhook_event),
            "Events to send. Default: those that OpenVidu's own .env has.",
            '["HANodeRegistered"]',
            Change.NODES_RESTART,
        ),
    ] = ()
    webhook_headers: Annotated[
        tuple[str, ...],
        Key(
            lists.list_of(values.header),
            "HTTP headers to send with the events.",
            '["Authorization: Basic …"]',
            Change.NODES_RESTART,
            secret=True,
        ),
    ] = field(default=(), repr=False)
    notify: Annotated[
        tuple[str, ...],
        Key(
            lists.list_of(notified.endpoint),
            "Whom to tell when nodes join, drain, or fail to: slack=URL, json=URL or sns=ARN.",
            '["slack=https://hooks.slack.com/services/T000/B000/XXXX"]',
            Change.NOTED,
            secret=True,
        ),
    ] = field(default=(), repr=False)
    turn_server: Annotated[
        str | None,
        Key(
            values.turn_server,
            "TURN server of your own, for users behind firewalls.",
            "turns:turn.example.io:443",
            Change.NODES_RESTART,
        ),
    ] = None
    turn_static_auth_secret: Annotated[
        str | None,
        Key(
            values.turn_secret,
            "Shared secret of turnServer.",
            "",
            Change.NODES_RESTART,
            secret=True,
        ),
    ] = field(default=None, repr=False)
    turn_username: Annotated[
        str | None,
        Key(
            values.turn_secret,
            "User of turnServer, if it has no shared secret.",
            "openvidu",
            Change.NODES_RESTART,
        ),
    ] = None
    turn_credential: Annotated[
        str | None,
        Key(values.turn_secret, "Password of turnUsername.", "", Change.NODES_RESTART, secret=True),
    ] = field(default=None, repr=False)
    extra_env: Annotated[
        tuple[tuple[str, str], ...],
        Key(
            lists.texts,
            "Further keys of the .env of nodes or a single master, such as KMS_IMAGE.",
            "",
            Change.NODES_RESTART,
        ),
    ] = field(default=(), repr=False)
    base_extra_env: Annotated[
        tuple[tuple[str, str], ...],
        Key(
            lists.texts,
            "Further keys of the base's .env, such as HTTPS_PROTOCOLS, ES_JAVA_OPTS and CALL_….",
            "",
            Change.BASE_RESTARTS,
        ),
    ] = field(default=(), repr=False)

    install_script_sha256: Annotated[
        tuple[tuple[str, str], ...],
        Key(
            lists.digests,
            "SHA-256 of this version's install scripts of OpenVidu: of base, master, node.",
            "",
            Change.NEW_MACHINES,
        ),
    ] = ()

    private_ips: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Private addresses by machine on AWS: no key, but chosen among those that nobody has there."""
    zone_room: int = 0
    """For how many zones the network of `ha-managed` was divided; 0 before that: no key either."""

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
        if self.hosts:
            return self.hosts[0].private_ip
        if self.subnet_ids:
            return self.private_ips[self.main_role.name]
        return str(self.subnet_cidr.network_address + BASE_OFFSET)

    def node_private_ip(self, number: int) -> str:
        """Private address of a node: 10.5.0.6 for node 1 in 10.5.0.0/24, or that of its host."""
        if number < len(self.hosts):
            return self.hosts[number].private_ip
        if f"node-{number}" in self.private_ips or self.subnet_ids:
            return self.private_ips[f"node-{number}"]
        row, zone = divmod(number - 1, self.zone_count)
        return str(self.node_networks[zone].network_address + BASE_OFFSET + 1 + row)

    @property
    def hosts_by_name(self) -> Mapping[str, Host]:
        """All of `hosts`, by the name of the machine that each one is, or would be."""
        nodes = (f"node-{number}" for number in range(1, len(self.hosts)))
        return dict(zip((self.main_role.name, *nodes), self.hosts, strict=False))

    @property
    def wanted_hosts(self) -> Mapping[str, Host]:
        """Those of them that are wanted, the base or master first."""
        wanted = {self.main_role.name, *(f"node-{number}" for number in self.node_machines)}
        return {name: host for name, host in self.hosts_by_name.items() if name in wanted}

    @property
    def node_networks(self) -> Sequence[ipaddress.IPv4Network]:
        """The networks that nodes are in, in turn: one for each availability zone."""
        return self._networks[: self.zone_count]

    @property
    def service_networks(self) -> Sequence[ipaddress.IPv4Network]:
        """Those of AWS's services, which take any address in there: one for each zone."""
        return self._networks[self.most_zones :][: self.zone_count]

    @property
    def zone_count(self) -> int:
        """How many subnets machines are in, in turn."""
        if self.subnet_ids:
            return len(self.subnet_ids)
        return self.availability_zones if self.shape == HA_MANAGED else 1

    @property
    def most_zones(self) -> int:
        """For how many zones the network of `ha-managed` is divided, so that one can be added."""
        known = self.zone_room or network_parts.most_zones(self.subnet_cidr)
        return max(known, self.availability_zones)

    @property
    def _networks(self) -> Sequence[ipaddress.IPv4Network]:
        if self.shape != HA_MANAGED:
            return [self.subnet_cidr]
        return network_parts.of_zones(self.subnet_cidr, self.most_zones)

    @property
    def main_role(self) -> Role:
        """The role of the machine that a deployment begins with.

        Users connect to it, except to a bastion; from base and bastion nodes join and drain.
        """
        return {SINGLE_MASTER: roles.MASTER, HA_MANAGED: roles.BASTION}.get(self.shape, roles.BASE)

    @property
    def main_instance_type(self) -> NamedType:
        """The EC2 type of that machine."""
        if self.shape == HA_MANAGED:
            return NamedType("bastionInstanceType", self.bastion_instance_type)
        return NamedType("baseInstanceType", self.base_instance_type)

    @property
    def instance_types(self) -> dict[str, str]:
        """The EC2 types of what AWS makes by name, as `base`, `master` or `node-1`."""
        made = [number for number in self.node_machines if number >= len(self.hosts)]
        types = dict.fromkeys((f"node-{number}" for number in made), self.node_instance_type)
        return types if self.hosts else {**types, self.main_role.name: self.main_instance_type.name}

    @property
    def node_numbers(self) -> tuple[int, ...]:
        """Numbers of the nodes wanted: the lowest ones that aren't retired."""
        if self.shape == SINGLE_MASTER:
            return ()
        return node_numbers(self.node_count, self.retired_nodes)

    @property
    def node_machines(self) -> tuple[int, ...]:
        """Numbers of the machines of nodes: those of nodes, then those of standbys."""
        if self.shape == SINGLE_MASTER:
            return ()
        return node_numbers(self.node_count + self.standby_nodes, self.retired_nodes)

    @property
    def standby_numbers(self) -> tuple[int, ...]:
        """Numbers of the standbys: the lowest ones that are neither a node's nor retired.

        A standby has the number of the node that it becomes, and so its address.
        """
        return self.node_machines[len(self.node_numbers) :]


@functools.cache
def keys() -> Mapping[str, Key]:
    """All keys, by name."""
    hints = get_type_hints(Settings, include_extras=True)
    found = [_of_field(one, hints[one.name]) for one in dataclasses.fields(Settings)]
    return {key.name: key for key in found if key}


def _of_field(of: dataclasses.Field[Any], hint: Any) -> Key | None:
    """What a field's annotation says of its key, with what follows from its name and type."""
    if get_origin(hint) is not Annotated:
        return None
    type_, known = get_args(hint)
    key: Key = known
    first, *others = of.name.split("_")
    kind, items = _kind(type_)
    return dataclasses.replace(
        key,
        field=of.name,
        name=first + "".join(map(str.capitalize, others)),
        kind=kind,
        items=items,
        default=of.default,
    )


def _kind(type_: Any) -> Sequence[str]:
    """What `Pulumi.yaml`'s schema calls a type, and the type of its items."""
    if get_origin(type_) is not tuple:
        return _SCALARS.get(type_, "string"), ""
    item, _ = get_args(type_)
    return ("object", "") if get_origin(item) else ("array", _ITEMS[item])


_SCALARS = {bool: "boolean", int: "integer"}
_ITEMS = {int: "integer", str: "string", Host: "object"}
