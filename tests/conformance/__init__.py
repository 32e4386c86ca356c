"""What the lab's stand-in for Docker has to have in common with Docker.

The same tests drive both: the stand-in, and Debian's engine with a Compose of before 2.39 and with
one of after. The engine runs on a host of namespaces, as the stand-in does; images are made here.
"""
