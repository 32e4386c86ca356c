"""Benchmarks: what deploying costs, measured in the lab; see docs/benchmarks.md.

May import `lab`; nothing imports `bench` but its tests.
"""
