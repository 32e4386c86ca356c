"""Repair: what is seen of a machine, what is done about it, in which order, and how.

In this order: `look`, `ladder`, `course`, `steps`.
"""
