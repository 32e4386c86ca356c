"""aws:ec2/instance:Instance.

`table` describes it; `launch` makes it, `reading` looks at it, `changing` changes it in place and
`ending` removes it. Source of all: terraform-provider-aws 6, aws_instance.
"""

from lab.providers.aws.resources.instance.table import INSTANCE

__all__ = ["INSTANCE"]
