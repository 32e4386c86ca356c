"""Tests of the lab: its engine, providers, cloud, machines, callers and benchmarks."""
