"""Deploys an OpenVidu Enterprise cluster: read the settings, build the cluster, export outputs."""

import pulumi

from components.cluster import Cluster
from components.configuration import read
from components.mistakes import ConfigurationError
from components.stack_config import config_of_stack

try:
    cluster = Cluster(read(*config_of_stack()))
except ConfigurationError as error:
    raise pulumi.RunError(str(error)) from None

for name, value in cluster.outputs.items():
    pulumi.export(name, value)
