"""What runs on the operator's machine, while or after deploying.

May import `openvidu` and `components` values; never `lab`.
"""
