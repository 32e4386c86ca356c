"""Machines that are made: EC2 instances, their network and firewalls, and the quotas."""
