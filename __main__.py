"""Deploys OpenVidu Enterprise: read the settings, build what they say, export outputs."""

import gc
import signal
import sys

import pulumi

from components.aws.health import DownError
from components.aws.session_manager import require_plugin
from components.call_check import require_calls
from components.outside_window import OutsideWindowError
from components.over_ssh import MissingProgramsError, require_programs
from components.previous_state import deployed
from components.settings.mistakes import ConfigurationError
from components.settings.read import read
from components.settings.stack_config import config_of_stack
from components.shapes import SHAPES
from components.ssh_agent import require_agent

ALREADY_TOLD = 32
"""The exit status after which Pulumi adds nothing. Source: pulumi, sdk/python/cmd/
pulumi-language-python-exec; a `RunError` is followed by "an unhandled error occurred"."""

if __name__ == "__main__":
    # An update that fails, or is stopped by Ctrl-C, ends this process so: that needs no traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
# The process is short, and keeps nearly all it makes: looking for garbage takes most of its time.
gc.disable()

try:
    require_programs()
    settings = read(*config_of_stack(), deployed)
    require_agent(settings)
    require_plugin(settings)
    require_calls(settings)
    deployment = SHAPES[settings.shape](settings)
except (ConfigurationError, DownError, MissingProgramsError, OutsideWindowError) as error:
    pulumi.log.error(str(error))
    sys.exit(ALREADY_TOLD)

for name, value in deployment.outputs.items():
    pulumi.export(name, value)
