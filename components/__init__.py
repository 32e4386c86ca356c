"""What gets deployed: component resources, and the pure functions that feed them.

May import `openvidu`; runs `scripts` and `machine` but never imports `lab`.
"""
