"""The lab: a rehearsal of the whole deployment on one Linux machine, without a cloud account.

For rehearsal, tests and benchmarks only. Nothing in it reaches a network outside its own.
May import what it rehearses: `openvidu`, `membership`, `remote`, `components`, `scripts`. Nothing
but `tests` imports it. `lab.tests` may use what `tests` have.
"""
