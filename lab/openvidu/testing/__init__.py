"""Hosts for tests of the simulated OpenVidu alone, without the lab's cloud.

`World` is a network namespace with the mirror, the certificate authority and a bridge; `Host`
is a machine on it: namespaces of its own, over an overlay of this machine's root. Needs root.
"""
