"""The `aws` provider: speaks for pulumi-aws to Pulumi programs, and boto3 to AWS_ENDPOINT_URL.

`python -m lab.providers.aws` serves it. `resources` and `invokes` say what the resource types and
functions are; the modules here do with those tables what is the same for all: `check`, `diff`,
`lifecycle`, `servicer`. Imports `lab.providers.base`, and nothing else of the lab.
"""
