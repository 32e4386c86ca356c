"""Users, roles, what they may do, and keys: IAM.

Source of all: terraform-provider-aws 6, aws_iam_user, aws_iam_role and their kin.
"""
