"""The fake AWS: moto's server, and what moto lacks.

moto keeps what was asked for; instances there run at once and nothing boots. Each module here adds
one thing by putting its own function in the place of one of moto's: machines that boot (`power`),
interfaces that are used once (`interfaces`), public addresses from one pool (`addresses`), images,
quotas, deletions that wait for what depends on them (`dependencies`). `view` reads what it holds.
"""
