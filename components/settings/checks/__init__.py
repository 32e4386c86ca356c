"""Whether the stack's settings fit together, one subject a file. Pure.

What isn't known yet, as it couldn't be parsed, raises `UnknownSettingError` where it's asked for:
what follows from another mistake isn't told.
"""
