"""How many nodes there should be, and having them: the parts of `scripts.autoscale`.

`scaling_policy`, `cluster_load`, `decision` and `guard` are pure; `control` is the loop over them;
`memory`, `deployed_stack` and `updates` touch the world.
"""
