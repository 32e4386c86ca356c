"""Resources of the testing provider, for the programs of tests."""

from typing import Any

import pulumi

VERSION = "1.2.3"


class Thing(pulumi.CustomResource):
    token: pulumi.Output[str]
    echo: pulumi.Output[Any]

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None, **inputs: Any):
        versioned = pulumi.ResourceOptions(version=VERSION)
        if opts and opts.provider:
            versioned = pulumi.ResourceOptions()
        super().__init__(
            "testing:index:Thing",
            name,
            {"token": None, "echo": None, **inputs},
            pulumi.ResourceOptions.merge(versioned, opts),
        )


class Group(pulumi.ComponentResource):
    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None):
        super().__init__("demo:index:Group", name, None, opts)


class Provider(pulumi.ProviderResource):
    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None, **inputs: Any):
        versioned = pulumi.ResourceOptions(version=VERSION)
        super().__init__("testing", name, inputs, pulumi.ResourceOptions.merge(versioned, opts))


def lookup(key: str, **options: Any) -> dict[str, Any]:
    chosen = pulumi.InvokeOptions(version=VERSION, **options)
    return pulumi.runtime.invoke("testing:index:lookup", {"key": key}, chosen).value


def opts(**options: Any) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(**options)
