"""What it costs that nodes come and go: the parts of `python -m lab.bench.drain`.

`labs` scales a lab of its own; `release`, `together`, `growth`, `updates`, `crashes`, `waiting` and
`gaps` measure one thing each; `figures` holds what they found, `aims`, `table` and `plot` show it.
"""
