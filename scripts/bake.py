"""Makes an image of a machine that is prepared to be a node, so that new ones start in less time.

uv run openvidu-enterprise bake
pulumi config set nodeImage baked

A machine starts in the stack's network, from the image that other machines start from. It gets
Docker and OpenVidu of `openviduVersion` by the scripts that a node gets, which pull the images of
its containers. Then what is secret and what is this machine's alone is taken away, it's stopped,
and AWS makes an image of it. The machine is ended in any case; one that couldn't be is named.

--prune makes none: it lists the images, and removes old ones with their snapshots.

Source: EC2 guide, "Create an Amazon EBS-backed AMI"; docs/baked-images.md.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from tenacity import RetryError

from components.aws import baked_image
from components.settings.choices import BAKED, EXISTING, SINGLE_MASTER
from components.settings.mistakes import ConfigurationError
from components.settings.read import read
from components.settings.table import Settings
from openvidu.release import LATEST, VERSION_PATTERN, VERSIONS
from openvidu.roles import NODE
from scripts import aws_session, host_key
from scripts.baking import builder, preparation, stack_images
from scripts.baking.builder import Ec2, Place
from scripts.baking.stack_images import Fate
from scripts.display import table_console, table_of, waiting
from scripts.expected_errors import expected_errors
from scripts.pulumi_cli import PulumiCli, PulumiError
from scripts.stack_machines import Machine, there_in


def main(
    *,
    prune: Annotated[
        bool, typer.Option("--prune", help="Make none; list the images, and remove old ones.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="With --prune: don't ask.")] = False,
    stack: Annotated[str | None, typer.Option(help="Stack; the selected one by default.")] = None,
) -> None:
    """Make an image that new nodes start from in less time, or remove old ones.

    Exit status: 0 when that is done, 1 otherwise.

    Examples:
      uv run openvidu-enterprise bake
      uv run openvidu-enterprise bake --prune
      uv run openvidu-enterprise bake --stack production --prune --yes
    """
    console = Console(highlight=False, soft_wrap=True)
    with expected_errors(BotoCoreError, ClientError, ConfigurationError):
        pulumi = PulumiCli(stack)
        exported = pulumi.export_state(show_secrets=True)
        settings = settings_of(pulumi)
        refuse(settings)
        place = builder.place_in(exported)
        session = aws_session.of_stack(pulumi)
        ec2 = session.client("ec2")
        if prune:
            _prune(console, ec2, settings, place, yes=yes)
            return
        node = next(one for one in there_in(exported).values() if one.role is NODE)
        builder.require_none(ec2, place, session.region_name)
        image = bake(console, ec2, settings, place, node, session.region_name)
        console.print(
            f"{image} is available: OpenVidu {settings.openvidu_version}, for new nodes of this "
            "stack.\n"
            + (
                "  They start from it from now on."
                if settings.node_image == BAKED
                else "  To have them start from it: pulumi config set nodeImage baked"
            )
            + "\n  To remove older ones: uv run openvidu-enterprise bake --prune"
        )


def settings_of(pulumi: PulumiCli) -> Settings:
    """The stack's settings.

    Raises:
        PulumiError: the configuration can't be read.
        ConfigurationError: it has mistakes.
    """
    own = pulumi.own_config()
    texts = {name: str(one.get("value") or "") for name, one in own.items()}
    return read(texts, {name for name, one in own.items() if one.get("secret")})


def refuse(settings: Settings) -> None:
    """Refuse what no image can be made for.

    Raises:
        PulumiError: says why.
    """
    if settings.machines == EXISTING:
        raise PulumiError(
            "This stack's machines are existing ones (machines: existing): they start from no "
            "image of AWS's, and are their owner's to prepare. Nothing was made.\n"
            "  Next: docs/existing.md, 'What a machine needs'"
        )
    if settings.shape == SINGLE_MASTER:
        raise PulumiError(
            "This stack is a single master: it has no nodes to make an image for.\n"
            "  Next: docs/single-master.md"
        )
    version = settings.openvidu_version
    if version == LATEST or not VERSION_PATTERN.fullmatch(version):
        raise PulumiError(
            f"An image has one version of OpenVidu, and openviduVersion is {version}. Nothing was "
            "made.\n"
            f"  Next: pulumi config set openviduVersion {VERSIONS[-1]}"
        )
    if version not in VERSIONS:
        raise PulumiError(
            f"openviduVersion is {version}, which isn't known here; known are: "
            f"{', '.join(VERSIONS)}. Nothing was made.\n"
            f"  Next: pulumi config set openviduVersion {VERSIONS[-1]}"
        )


def bake(
    console: Console,
    ec2: Ec2,
    settings: Settings,
    place: Place,
    node: Machine,
    region: str | None,
) -> str:
    """Make an image; returns its id.

    Args:
        console: where it's told what is done.
        ec2: the stack's.
        settings: the stack's.
        place: where nodes start.
        node: one of them, which says how machines are reached.
        region: for what there may be to type.

    Raises:
        PulumiError: it can't be made; no builder is left then.
        BotoCoreError, ClientError: AWS doesn't do something.
    """
    source = stack_images.source_of(ec2, settings)
    address = builder.free_address(ec2, place.subnet)
    asked = builder.order(place, settings, source, address)
    with builder.started(ec2, asked, region) as instance, waiting(f"{instance} to boot") as now:
        console.print(f"{instance}, {builder.NAME}, starts from {source['ImageId']}.")
        told = builder.reach(ec2, instance, "running")
        key = _host_key(ec2, instance)
        host = told.get("PublicIpAddress") or told["PrivateIpAddress"]

        def say(text: str) -> None:
            now(text)
            console.print(text)

        script = preparation.prepare(preparation.builder(node, host, key), settings, say)
        say(f"{instance} stops")
        ec2.stop_instances(InstanceIds=[instance])
        builder.reach(ec2, instance, "stopped")
        at = datetime.now(UTC)
        digests = {
            baked_image.INSTALL_SCRIPT: script,
            baked_image.MADE_BY: preparation.made_by(),
        }
        tags = stack_images.tags_of(settings, place.tags, source, at, digests)
        image = stack_images.make(ec2, instance, tags["Name"], tags)
        say(f"AWS makes {image} of its disk")
        stack_images.wait_for(ec2, image)
    return image


def _host_key(ec2: Ec2, instance: str) -> str:
    """The SSH host key that the builder's console shows.

    Raises:
        PulumiError: it shows none.
    """
    try:
        return host_key.wait_for(instance, ec2) or ""
    except RetryError:
        raise PulumiError(
            f"{instance} has shown no SSH host key on its console for {host_key.LIMIT_SECONDS} s: "
            "nobody has logged in there, and no image was made.\n"
            "  Next: does its image print host keys (docs/aws.md, 'An image of your own')? "
            "Then: uv run openvidu-enterprise bake"
        ) from None


def _prune(console: Console, ec2: Ec2, settings: Settings, place: Place, *, yes: bool) -> None:
    """List what there is, and remove what is old once that is confirmed."""
    images = stack_images.of_stack(ec2, place.tags)
    fitting = stack_images.fitting_of(ec2, settings, place.tags)
    found = stack_images.fates(images, fitting, stack_images.used_by(ec2, images))
    left = stack_images.left_snapshots(ec2, place.tags, images)
    if not found and not left:
        console.print(
            "This stack has no images of nodes. To make one: uv run openvidu-enterprise bake"
        )
        return
    table_console().print(_shown(found))
    old = [one.image for one in found if not one.kept]
    for snapshot in left:
        console.print(f"{snapshot}: its image is gone")
    if not old and not left:
        console.print("None of them is old.")
        return
    if not yes and not typer.confirm("Remove what isn't kept?", default=False):
        raise PulumiError("Nothing was removed.")
    for told in stack_images.remove(ec2, old):
        console.print(told)
    for snapshot in left:
        ec2.delete_snapshot(SnapshotId=snapshot)
        console.print(f"{snapshot} is removed")


def _shown(found: list[Fate]) -> Any:
    table = table_of("image", "OpenVidu", "made", "made from", "state", "kept, as")
    for one in found:
        image = one.image
        table.add_row(
            image.id, image.version, image.made, image.source, image.state, one.kept or "goes"
        )
    return table


if __name__ == "__main__":
    typer.run(main)
