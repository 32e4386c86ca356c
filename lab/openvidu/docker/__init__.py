"""The container stand-in: the `docker` command of a simulated host.

A container is a process of the host, started by `shim.sh` and kept by its restart policy. What
matters of Docker is kept: a container's environment is frozen when it is created, `compose up`
makes it anew only where its configuration changed, what it wrote inside is gone with it, and
`restart: always` brings it back at boot as it was created, without a look at `.env`.
"""
