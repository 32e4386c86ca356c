"""How many nodes there should be, and having them: the parts of `scripts.autoscale`.

`policy`, `observation` and `decision` are pure; `memory`, `cluster`, `updates` touch the world.
"""
