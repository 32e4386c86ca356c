"""Moves nodes into and out of the load balancer. Runs on the base, as root, in Python 3.11 on.

May import `openvidu`, httpx and redis. `join` and `drain` tell the page's story;
`disruption_budget` decides whether a node may leave now. What they look at and what they change is
behind `cluster_view`, `load_balancer`, `registry` and `lock`.
"""
