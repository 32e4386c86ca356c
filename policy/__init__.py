"""The policy pack: what a preview or an update must keep to, whoever changed the program.

May import `openvidu`, and `components` for what the configuration says.
"""
