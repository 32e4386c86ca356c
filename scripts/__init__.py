"""What runs on the operator's machine, while or after deploying.

May import `openvidu` and `components` values, and of `membership` who is told; never `lab`.
"""
