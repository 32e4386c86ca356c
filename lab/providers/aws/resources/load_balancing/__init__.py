"""Load balancers, target groups and listeners: elbv2.

Source of all: terraform-provider-aws 6, aws_lb, aws_lb_target_group and aws_lb_listener.
"""
