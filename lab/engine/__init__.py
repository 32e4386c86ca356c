"""An engine that deploys Pulumi programs where the Pulumi CLI is not installed.

`python -m lab.engine` is a command line compatible with `pulumi` as far as this repository needs
it. It speaks Pulumi's public gRPC protocol, keeps its state as the CLI's file backend does, and
is meant for rehearsals and tests, on one machine.

Inside, arrows point one way: `cli` -> `run` -> `project`, `display`, `plugin` -> `store` ->
`model`. Nothing here imports another part of the lab.
"""
