"""The container `replication-manager`: the node's place in the cluster, on 4443.

With INITIAL_CONFIG_SYNC=true it syncs the configuration with the bucket, checks S3 and Redis,
and ends: 0, or 1 with the page's error. Otherwise it registers the node in Redis once OpenVidu
Server is up, passes each request on to the node that it is for, and answers what concerns the
cluster. Source: page, "Configuration management" and port 4443.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from lab.openvidu import faults
from lab.openvidu.node import configuration, messages
from lab.openvidu.node.cluster import Cluster
from lab.openvidu.node.configuration import Settings
from lab.openvidu.node.gateway import Gateway
from lab.openvidu.node.membership import Membership
from lab.openvidu.node.recordings import Uploader
from lab.openvidu.node.redis_link import RedisError, RedisLink
from lab.openvidu.node.webhooks import Courier, Webhooks
from lab.openvidu.s3.client import BucketError
from lab.openvidu.web.server import listen, log, run
from openvidu import environment, ports
from openvidu.messages import no_bucket, no_redis

_FAREWELL_SECONDS = 3.0


async def prepare(settings: Settings, env_file: Path) -> bool:
    """Check bucket and Redis, and sync `.env` with the bucket; whether all is well."""
    try:
        await settings.bucket.check()
        stored = await settings.bucket.get(configuration.OBJECT)
        if stored is None:
            log(messages.NOT_FOUND)
            own = configuration.for_bucket(env_file.read_text())
            await settings.bucket.put(configuration.OBJECT, own.encode())
        else:
            log(messages.FOUND)
            merged = configuration.from_bucket(stored.decode(), settings.ip)
            configuration.replace_file(env_file, merged)
            log(messages.UPDATED)
    except BucketError as error:
        log(f"{error}\n{no_bucket(settings.bucket.name)}")
        return False
    return await _redis_answers(settings)


async def _redis_answers(settings: Settings) -> bool:
    link = RedisLink(settings.redis)
    try:
        await Cluster(link, settings.ip).check()
    except RedisError as error:
        log(f"{error}\n{no_redis(settings.redis.host, settings.redis.port)}")
        return False
    finally:
        link.close()
    return True


async def serve(stopping: asyncio.Event) -> None:
    """Sync and end, or serve until asked to stop."""
    env_file = Path.cwd() / ".env"
    settings = Settings.parse(os.environ)
    fault = faults.strike("start")
    if fault:
        log("the fault `start` is set")
        sys.exit(int(fault.option("status", "1")))
    if not settings.ip:
        log(f"{environment.NODE_PRIVATE_IP} is empty in {env_file}")
        sys.exit(1)
    if settings.only_sync:
        sys.exit(0 if await prepare(settings, env_file) else 1)
    if not await _redis_answers(settings):
        sys.exit(1)
    values = environment.parse(env_file.read_text())
    courier = Courier(Webhooks.parse(values))
    cluster = Cluster(RedisLink(settings.redis), settings.ip)
    domain, port = values.get("DOMAIN_OR_PUBLIC_IP", ""), values.get("HTTPS_PORT") or "443"
    banner = messages.ready(domain, port, settings.ip)
    membership = Membership(settings.ip, cluster, courier, banner)
    recording = values.get("OPENVIDU_RECORDING", "").lower() == "true"
    uploader = Uploader(values, env_file.parent) if recording else None
    gateway = Gateway(settings, cluster, membership, env_file, uploader)
    server = await listen(gateway.handle, ports.REPLICATION_MANAGER)
    membership.on_leaving(server.close)
    watch = asyncio.create_task(membership.watch())
    await stopping.wait()
    server.close()
    watch.cancel()
    await membership.leave()
    await courier.finish(_FAREWELL_SECONDS)


if __name__ == "__main__":
    run(serve)
