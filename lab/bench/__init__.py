"""Benchmarks: what deploying costs, measured in the lab; see docs/benchmarks.md.

May import `lab` and what that may; nothing imports `bench` but its tests.
"""
