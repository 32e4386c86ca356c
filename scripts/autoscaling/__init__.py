"""How many nodes there should be, and having them: the parts of `scripts.autoscale`.

`scaling_policy`, `scheduled_sizes`, `cluster_load`, `decision` and `guard` are pure; `control` is
the loop over them; `memory`, `deployed_stack`, `scaling_messages` and `updates` touch the world.
"""
