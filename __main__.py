"""Deploys OpenVidu Enterprise: read the settings, build what they say, export outputs."""

import gc

import pulumi

from components.aws.health import DownError
from components.configuration import read
from components.deployed import deployed
from components.mistakes import ConfigurationError
from components.over_ssh import MissingProgramsError, require_programs
from components.shapes import SHAPES
from components.ssh_agent import require_agent
from components.stack_config import config_of_stack

# The process is short, and keeps nearly all it makes: looking for garbage takes most of its time.
gc.disable()

try:
    require_programs()
    settings = read(*config_of_stack(), deployed)
    require_agent(settings)
    deployment = SHAPES[settings.shape](settings)
except (ConfigurationError, DownError, MissingProgramsError) as error:
    raise pulumi.RunError(str(error)) from None

for name, value in deployment.outputs.items():
    pulumi.export(name, value)
