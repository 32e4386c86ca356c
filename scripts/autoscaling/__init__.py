"""How many nodes there should be, and having them: the parts of `scripts.autoscale`.

`policy`, `observation`, `decision` and `guard` are pure; `control` is the loop over them; `memory`,
`deployed_stack` and `updates` touch the world.
"""
