"""What Prometheus is told: the parts of `scripts.exporter`.

`metrics` is pure; `looking` looks again and again, and knows how old a look is.
"""
