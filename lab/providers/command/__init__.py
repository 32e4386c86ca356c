"""The provider `command`: runs commands here or over SSH, as pulumi-command 1.2.1 does.

Every rule in this package was measured on pulumi-command 1.2.1 over gRPC, or read in its source
and in that of pulumi-go-provider 1.3.0, the library it is built on; the tests put the same
questions to both providers. Where this one differs, the place says so and why.

Imports `lab.providers.base` and nothing else of the lab.
"""
