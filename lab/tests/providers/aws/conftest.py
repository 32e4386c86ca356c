"""A fake AWS on the loopback interface, and the provider in front of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import grpc
import grpc.aio
import pytest
from mypy_boto3_ec2 import EC2Client
from mypy_boto3_route53 import Route53Client
from pulumi.runtime.proto import provider_pb2_grpc

from lab.providers.aws.servicer import AwsServicer
from lab.providers.base import EngineLog
from lab.tests.cloud.aws_alone import served as served_alone
from lab.tests.providers.aws.driver import Driver
from lab.tests.providers.aws.edge import Edge, edge_before
from lab.tests.providers.aws.lives import ATTACHMENT, TYPES, Life, lives, managed_lives
from lab.tests.providers.aws.world import (
    ManagedWorld,
    World,
    build_managed_world,
    build_world,
)

REGION = "eu-west-1"


@pytest.fixture(scope="package")
def endpoint() -> Iterator[str]:
    with served_alone() as url:
        yield url


@pytest.fixture(scope="package", autouse=True)
def environment(endpoint: str) -> Iterator[None]:
    """Until others' tests come, whose AWS is another one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", endpoint)
        patch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        patch.setenv("AWS_REGION", REGION)
        patch.delenv("AWS_PROFILE", raising=False)
        patch.delenv("AWS_DEFAULT_REGION", raising=False)
        yield


@pytest.fixture(scope="package")
def ec2(environment: None) -> EC2Client:
    client: EC2Client = boto3.client("ec2", region_name=REGION)
    return client


@contextmanager
def served() -> Iterator[Driver]:
    """The provider's servicer on a loop of its own, and a driver connected to it."""
    loop = asyncio.new_event_loop()
    stopping = asyncio.Event()
    started = threading.Event()
    ports: list[int] = []

    async def run() -> None:
        server = grpc.aio.server()
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(AwsServicer(EngineLog()), server)
        ports.append(server.add_insecure_port("127.0.0.1:0"))
        await server.start()
        started.set()
        await stopping.wait()
        await server.stop(None)

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    started.wait(10)
    with grpc.insecure_channel(f"127.0.0.1:{ports[0]}") as channel:
        yield Driver(channel)
    loop.call_soon_threadsafe(stopping.set)
    thread.join()


@pytest.fixture(scope="package")
def aws(environment: None) -> Iterator[Driver]:
    with served() as driver:
        driver.configure()
        yield driver


@pytest.fixture
def unconfigured(environment: None) -> Iterator[Driver]:
    with served() as driver:
        yield driver


@pytest.fixture(scope="package")
def _edge(endpoint: str) -> Iterator[Edge]:
    with edge_before(endpoint) as edge:
        yield edge


@pytest.fixture
def edge(_edge: Edge) -> Iterator[Edge]:
    yield _edge
    _edge.heal()


@pytest.fixture
def aws_behind_edge(
    edge: Edge, environment: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Driver]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", edge.url)
    with served() as driver:
        driver.configure(maxRetries=3)
        yield driver


@pytest.fixture(scope="package")
def world(ec2: EC2Client) -> World:
    return build_world(ec2)


@pytest.fixture(scope="package")
def managed_world(world: World) -> ManagedWorld:
    def client(service: str) -> Any:
        return boto3.client(service, region_name=REGION)  # type: ignore[call-overload]

    return build_managed_world(world, client)


@pytest.fixture(scope="package")
def zone(environment: None) -> str:
    client: Route53Client = boto3.client("route53", region_name=REGION)
    answer = client.create_hosted_zone(Name="example.com", CallerReference="1")
    return answer["HostedZone"]["Id"].removeprefix("/hostedzone/")


@pytest.fixture
def make_interface(ec2: EC2Client, world: World) -> Callable[[], str]:
    def make() -> str:
        answer = ec2.create_network_interface(SubnetId=world.subnet)
        return answer["NetworkInterface"]["NetworkInterfaceId"]

    return make


@pytest.fixture
def make_address(ec2: EC2Client) -> Callable[[], str]:
    return lambda: ec2.allocate_address(Domain="vpc")["AllocationId"]


@pytest.fixture
def make_volume(ec2: EC2Client) -> Callable[[], str]:
    return lambda: ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=10)["VolumeId"]


@pytest.fixture
def make_instance(ec2: EC2Client, world: World) -> Callable[[], str]:
    def make() -> str:
        answer = ec2.run_instances(
            ImageId=world.image, SubnetId=world.subnet, MinCount=1, MaxCount=1
        )
        return answer["Instances"][0]["InstanceId"]

    return make


@pytest.fixture
def attachment(make_instance: Callable[[], str], make_volume: Callable[[], str]) -> Life:
    given = {"deviceName": "/dev/sdf", "instanceId": make_instance(), "volumeId": make_volume()}
    return Life(
        ATTACHMENT,
        r"vai-\d+",
        made=given,
        replaced={"instanceId": {**given, "instanceId": "i-0", "volumeId": make_volume()}},
    )


@pytest.fixture(params=TYPES)
def life(
    request: pytest.FixtureRequest, world: World, zone: str, managed_world: ManagedWorld
) -> Life:
    if request.param == ATTACHMENT:
        found: Life = request.getfixturevalue("attachment")
        return found
    known = [*lives(world, zone), *managed_lives(world, managed_world)]
    return next(each for each in known if each.token == request.param)
