"""The `systemctl` stand-in of a simulated host: services that are enabled run from boot on.

It knows services of type `simple`, as the base needs one; what it doesn't know it refuses by name.
Source: systemctl(1), systemd.unit(5), systemd.service(5).
"""
