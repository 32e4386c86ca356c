"""What becomes of each block: it's typed, or there's a reason why it can't be here.

A new block belongs here as well: `test_plan` fails until it does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_LOGS = "uv run openvidu-enterprise logs"
CTRL_C = "\x03"
_PAGE = "uv run openvidu-enterprise status --web"
_CALLS = "a call's id is another one each time; tests/scripts/test_status.py"
_AUTOSCALE = "uv run openvidu-enterprise autoscale --max 8 --calls 12"
_EXPORTER = "uv run openvidu-enterprise exporter"
_URN = "names a machine's URN, which is another one each time"
_UNIT = "needs systemd, and makes a user of this computer"
_BY_HAND = (
    "needs a cluster that was made by hand; tests/lab/test_adopting.py and "
    "tests/lab/test_adopting_on_aws.py make one"
)
_CALLS_BEGIN = ("uv run lab calls start --count 6 --length 10s..30s --keep",)
_NONE_CUT = ("uv run lab calls stop", "uv run lab calls wait", "uv run lab calls report --check")
_BROKEN = "for a machine that is broken; tests/faults/test_broken_machines.py types it there"


@dataclass(frozen=True)
class Tried:
    """A block that is typed.

    Attributes:
        begins: the block's beginning.
        value: what is typed where a secret is asked for.
        keys: by command that goes on until it's told: what it says then, and what is typed.
        without: commands that aren't typed, with the reason.
        before: what has to be so on a cluster to which the block applies, to type before it.
        after: what undoes it.
        makes_stack: whether it makes a stack of its own, on which operators' commands go then; else
            it's the lab's.
    """

    begins: str
    value: str = ""
    keys: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    without: Mapping[str, str] = field(default_factory=dict)
    before: Sequence[str] = ()
    after: Sequence[str] = ()
    makes_stack: bool = False


@dataclass(frozen=True)
class NotHere:
    """A block that can't be typed in a lab, with the reason."""

    begins: str
    reason: str


OWN_LABS: Mapping[str, str] = {
    "docs/existing.md": "office",
    "docs/upgrading.md": "upgrade",
    "docs/single-master.md": "single",
    "docs/ha-managed.md": "managed",
}
"""Pages that start a lab of another name, and it."""

PLAN: Mapping[str, Sequence[Tried | NotHere]] = {
    "README.md": (
        NotHere(
            "pulumi config set nodeCount 3", "stands before what installs; docs/scaling.md has it"
        ),
        Tried(
            "./run up",
            without={"./run test": "takes an hour; ci.yml types it"},
        ),
        Tried(
            "export PATH",
            keys={
                "uv run lab ssh node-1": (r"[$#] ?", "exit\n"),
                "uv run lab run -- bash": (r"[$#] ?", "exit\n"),
            },
        ),
        Tried(
            "cp Pulumi.dev.yaml",
            value="a-license",
            # An account with nothing in it.
            before=("uv run lab up", "uv run lab destroy"),
            makes_stack=True,
        ),
    ),
    "docs/lab.md": (
        Tried("uv run lab fault set drain"),
        Tried(
            "uv run pytest lab/tests/openvidu/test_rest.py",
            without={
                "uv run pytest -m upstream tests/clients/test_java_client.py": (
                    "needs Java, Maven and the internet; nightly.yml's job java-client"
                )
            },
        ),
        NotHere("java -DOPENVIDU_URL", "needs Java and OpenVidu's own tests in another checkout"),
        Tried("uv run lab calls start --count 30"),
    ),
    "docs/scaling.md": (
        Tried("pulumi config set nodeCount 3", before=_CALLS_BEGIN, after=_NONE_CUT),
        NotHere("node-3: waiting for a sign", "is printed, not typed"),
        NotHere("uv run openvidu-enterprise retire node-3 --dead", _BROKEN),
        Tried(
            "uv run openvidu-enterprise retire node-1",
            without={
                "uv run openvidu-enterprise retire --count 2": (
                    "for more than two nodes; tests/scripts/test_retire.py"
                )
            },
        ),
        NotHere("pulumi config set standbyNodes", "for a whole cluster; tests/lab/test_standby.py"),
        NotHere(
            "uv run openvidu-enterprise abort-drain",
            "for a drain that waits in another terminal; tests/faults/test_surroundings.py",
        ),
    ),
    "docs/status.md": (
        Tried("source .venv/bin/activate"),
        Tried(
            "uv run openvidu-enterprise preflight",
            before=("pulumi config set nodeCount 3", "pulumi up"),
        ),
        Tried("uv sync --extra calls  "),
        Tried(
            "uv sync --extra calls && pulumi config set checkCall true",
            after=("pulumi config rm checkCall",),
        ),
        Tried(
            "uv run openvidu-enterprise status",
            keys={
                "uv run openvidu-enterprise status --watch": (r".*node-1.*", CTRL_C),
                _PAGE: (r".*http://127.*", CTRL_C),
            },
            without={"uv run openvidu-enterprise status --call ses_Nv3ZMuAsr5": _CALLS},
        ),
        Tried(
            f"{_PAGE}  ",
            keys={
                _PAGE: (r".*http://127.*", CTRL_C),
                f"{_PAGE} --port 8090 --interval 2": (r".*http://127.0.0.1:8090/.*", CTRL_C),
            },
        ),
        NotHere("ssh -L 8090:127.0.0.1:8090", "needs another computer"),
        Tried(
            "uv run openvidu-enterprise ssh node-2",
            keys={"uv run openvidu-enterprise ssh node-2": (r"[$#] ?", "exit\n")},
        ),
        Tried(
            "uv run openvidu-enterprise logs node-1",
            keys={f"{_LOGS} node-1 --service openvidu-server --follow": (r".+", CTRL_C)},
        ),
        Tried("uv run openvidu-enterprise report"),
    ),
    "docs/existing.md": (
        Tried("uv run lab --name office up --example existing"),
        NotHere(
            "cp examples/Pulumi.existing.yaml",
            "needs machines of your own; `lab up --example existing` types the same lines in a lab",
        ),
        NotHere("pulumi config set --path 'hosts[1].sshPort'", "needs a jump host"),
        NotHere(
            "pulumi config rm sshPrivateKey", "needs your SSH agent, with a key of the machines"
        ),
    ),
    "docs/runbook.md": (
        Tried(
            "uv run openvidu-enterprise repair base",
            without={"uv run openvidu-enterprise repair base --to replace": _BROKEN},
        ),
        Tried("pulumi up --refresh"),
        Tried("uv run openvidu-enterprise ssh base -- sudo docker image prune"),
        NotHere(
            "uv run openvidu-enterprise rotate-ssh-key --key-file", "needs a key that was lost"
        ),
        NotHere("uv run openvidu-enterprise repair base --to replace", _BROKEN),
        NotHere("pulumi up  ", "for a drain that has failed; tests/lab/test_scaling.py"),
        Tried("pulumi config set --secret openviduSecret", value="another-secret"),
        Tried("uv run openvidu-enterprise rotate-ssh-key  "),
        NotHere("ssh-keygen -l -f", "the first line is typed on a machine, the second has its key"),
        NotHere(
            "uv run openvidu-enterprise recover-state",
            "for a state that is lost; tests/lab/test_killed.py",
        ),
        NotHere("^C, or pulumi cancel", "for an update with a mistake, in the middle of it"),
        NotHere("cp .pulumi/history", "names a file of another stack's history"),
        Tried("pulumi cancel"),
        NotHere("dig +short", "asks the internet's DNS; a lab has its own names"),
        NotHere(
            "pulumi config set ownCertificate",
            "needs a certificate of yours; tests/lab/test_certificates.py has one",
        ),
        Tried("pulumi up --continue-on-error"),
    ),
    "docs/upgrading.md": (
        NotHere("pulumi config set openviduVersion 2.30.0", "the next block does it in a lab"),
        Tried("uv run lab --name upgrade up"),
        Tried("pulumi config set openviduVersion 2.29.0"),
    ),
    "docs/configuration.md": (
        Tried("pulumi config set recording true"),
        Tried("pulumi config set configChangeDuringCalls true"),
        Tried("pulumi config set --secret redisPassword", value="another-password"),
        Tried("pulumi config set changeWindow 'Sat,Sun"),
        Tried("pulumi config set changeWindow now", after=("pulumi config rm changeWindow",)),
        Tried(
            "pulumi config set httpProxy",
            value="another-password",
            after=tuple(
                f"pulumi config rm {key}"
                for key in (
                    "httpProxy",
                    "noProxy",
                    "installScriptUrl",
                    "dockerRegistry",
                    "dockerRegistryUser",
                    "dockerRegistryPassword",
                )
            ),
        ),
        Tried("pulumi config set turnServer", value="another-secret"),
        Tried("pulumi config set recording true  "),
        Tried("pulumi config set --path extraEnv", value="another-secret"),
    ),
    "docs/baked-images.md": (
        Tried(
            "uv run openvidu-enterprise bake",
            before=_CALLS_BEGIN,
            after=("pulumi config set nodeCount 3", "pulumi up", *_NONE_CUT),
        ),
    ),
    "docs/monitoring.md": (
        Tried("pulumi config set --secret --path 'notify[0]'", before=_CALLS_BEGIN),
        Tried("uv run openvidu-enterprise ssh base -- sudo journalctl"),
        Tried("pulumi config set --secret --path 'notify[2]'"),
        Tried(
            _EXPORTER,
            keys={_EXPORTER: (r".*http://127.*", CTRL_C)},
            without={
                f"{_EXPORTER} --interval 30 --stack production": "no stack is called so here",
                f"{_EXPORTER} --address 10.5.0.20 --port 19470": "an address of somebody's own",
            },
            after=_NONE_CUT,
        ),
    ),
    "docs/autoscale.md": (
        Tried(
            f"{_AUTOSCALE} --dry-run",
            before=_CALLS_BEGIN,
            keys={
                f"{_AUTOSCALE} --dry-run": (r".*nodes.*", CTRL_C),
                _AUTOSCALE: (r".*nodes.*", CTRL_C),
            },
        ),
        NotHere("* * * * *", "for cron; tests/lab/test_autoscale.py has --once"),
        NotHere("sudo useradd", _UNIT),
        NotHere("sudo cp /opt/openvidu-enterprise", _UNIT),
        NotHere("sudo systemd-run", _UNIT),
        Tried("uv run openvidu-enterprise keep-nodes", after=_NONE_CUT),
        NotHere(
            f"{_AUTOSCALE} --time-zone",
            "adds nodes by day; tests/scripts/autoscaling/test_scheduled_sizes.py",
        ),
        Tried("uv run python -m lab.bench.autoscaling  "),
        Tried("uv run python -m lab.bench.autoscaling --days 6  "),
        Tried("uv run python -m lab.bench.autoscaling --days 6 --calls 16"),
        Tried("uv run python -m lab.bench.autoscaling --days 6 --at"),
        Tried("uv run python -m lab.bench.autoscaling --seed 2"),
    ),
    "docs/adopting.md": (
        NotHere("pulumi stack init office", _BY_HAND),
        NotHere("pulumi config set --path 'hosts[3].adopted'", _BY_HAND),
        NotHere("pulumi stack init prod", _BY_HAND),
        NotHere("uv run openvidu-enterprise permissions --vpc", _BY_HAND),
        NotHere("aws ec2 create-tags", _BY_HAND),
    ),
    "docs/aws.md": (
        NotHere("cp Pulumi.dev.yaml", "README.md has it, and docs/status.md the preflight"),
        NotHere(
            "pulumi config set vpcId", "needs a VPC of yours; tests/lab/test_existing_network.py"
        ),
        NotHere("pulumi config set imageId", "needs an image; tests/program/test_machine_image.py"),
        Tried("pulumi config set sshVia ssm\n", before=_CALLS_BEGIN),
        Tried("pulumi config set sshVia ssm && pulumi up", after=_NONE_CUT),
        NotHere("pulumi config set kmsKeyId", "needs a key of yours; tests/lab/test_changes.py"),
        Tried("pulumi config set alarmEmail"),
        Tried("pulumi config set backupDays"),
        Tried("pulumi config set --path tags.cost-center"),
        Tried("pulumi config set deleteData true"),
    ),
    "docs/data.md": (
        NotHere("uv run openvidu-enterprise status base", f"{_URN}; tests/lab/test_data_volume.py"),
        Tried("pulumi config set deleteData true"),
        Tried("uv run openvidu-enterprise backup", before=_CALLS_BEGIN, after=_NONE_CUT),
        NotHere(
            "pulumi config set restoreFromSnapshot", "names a snapshot; tests/lab/test_backup.py"
        ),
        NotHere(
            "uv run openvidu-enterprise backup",
            "for a volume that is lost; tests/lab/test_backup.py",
        ),
    ),
    "docs/security.md": (
        Tried("uv run openvidu-enterprise permissions --stack prod"),
        Tried("pulumi config set permissionsBoundary"),
        NotHere("uv run openvidu-enterprise status node-2", _URN),
        NotHere("sudo sh -c", "is typed on a machine"),
    ),
    "docs/single-master.md": (
        Tried("uv run lab --name single up"),
        Tried(
            "cp examples/Pulumi.single-master.yaml",
            value="a-license",
            # In a lab an address is one machine's.
            before=("uv run lab --name single destroy",),
            makes_stack=True,
        ),
        Tried(
            "uv run lab --name office-master up", after=("uv run lab --name office-master reset",)
        ),
        NotHere(
            "pulumi config set --path 'mediaNodes[0]'",
            "needs media nodes; tests/lab/test_single_master.py",
        ),
    ),
    "docs/ha-managed.md": (
        NotHere("cp examples/Pulumi.ha-managed.yaml", "needs a hosted zone of yours"),
        Tried(
            "pulumi config set availabilityZones 3",
            before=("uv run lab --name managed up --example ha-managed",),
        ),
        Tried("pulumi config set deleteData true"),
    ),
    "docs/ci.md": (
        NotHere("pulumi cancel --stack STACK", "needs a repository on GitHub"),
        Tried("uv run openvidu-enterprise preview-summary"),
        NotHere(
            "pulumi preview --policy-pack policy", "needs the Pulumi CLI; the next block has it"
        ),
        Tried("./run pulumi"),
    ),
}
