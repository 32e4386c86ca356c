"""Calls through a lab's load balancer, made and counted as their users would.

`generator` opens and holds calls in a process of its own inside the lab: `call` is one, `user` one
of its participants, `sound` what they hear of each other. How they speak is `scripts.calls`.
`record` is what the generator leaves, a line an event; `report` counts. `watch` notes what the
deployment does to the cluster meanwhile, `causes` puts the two together, `picture` draws them.

May import `openvidu`, `scripts.calls`, `lab.cloud` and `lab.openvidu.docker`.
"""
