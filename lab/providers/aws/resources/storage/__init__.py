"""Buckets, and what is set of them: S3.

Source of all: terraform-provider-aws 6, aws_s3_bucket and its kin.
"""
