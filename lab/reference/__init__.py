"""The Pulumi CLI itself, which is the reference: built where it isn't installed, and given a host.

`go.mod` pins its version. `./run pulumi` builds it once, into a cache outside the checkout. Its
language host for Python isn't published as a Go module: `language_host` stands in for it, around
the executor that the SDK's module has. A CLI that was installed from Pulumi brings its own.

May import `lab.engine`, for what the embedded engine does in the same way.
"""
