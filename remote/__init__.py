"""What runs where Pulumi runs and follows machines over SSH: joins, drains, looks, for hours.

Imports nothing but Python's own library: the text of these modules is kept in the stack's state, so
that a drain needs no source at hand. `session` is the way to machines; `membership`, `host` and
`machines` know the actions. `components.over_ssh` starts them.
"""
