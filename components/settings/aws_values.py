"""Configuration values that are AWS's own: text becomes a type once. As `values`, without effects.

Messages never repeat the text: it may be a secret.
"""

from __future__ import annotations

import re

from components.settings.values import whole_number

_POLICY_ARN = re.compile(r"arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/([!-~]+/)?[\w+=,.@-]{1,128}")
_IAM_PATH = re.compile(r"/([\w+=,.@-]+/)*", re.ASCII)
_LONGEST_IAM_PATH = 512
_KMS_KEY = re.compile(r"arn:aws[a-z-]*:kms:([a-z0-9-]+):[0-9]{12}:key/[a-zA-Z0-9-]+")
_ID = "([0-9a-f]{8}|[0-9a-f]{17})"
_IMAGE = re.compile(f"ami-{_ID}")
_SNAPSHOT = re.compile(f"snap-{_ID}")
_VPC, _SUBNET = re.compile(f"vpc-{_ID}"), re.compile(f"subnet-{_ID}")
_IMAGE_OWNER = re.compile(r"[0-9]{12}|self|amazon|aws-marketplace")
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[\w-]{1,256}", re.ASCII)
_TAG_TEXT = re.compile(r"[\w .:/=+@-]*")
_LONGEST_TAG_KEY, _LONGEST_TAG_VALUE = 128, 256
_MOST_BACKUPS = 1000
MOST_TAGS = 40
"""A resource has 50 at most: the program's own are among them, and those of aws:defaultTags."""


def policy_arn(text: str) -> str:
    """The ARN of a policy of IAM, of an account or of AWS itself."""
    if not _POLICY_ARN.fullmatch(text):
        raise ValueError("the ARN of an IAM policy such as arn:aws:iam::123456789012:policy/NAME")
    return text


def iam_path(text: str) -> str:
    """A path in IAM: `/`, or what begins and ends with it, of up to 512 characters.

    Source: IAM API, CreateRole, Path; of the characters those that names may have, too.
    """
    if not _IAM_PATH.fullmatch(text) or len(text) > _LONGEST_IAM_PATH:
        raise ValueError("a path of IAM that begins and ends with /, such as /openvidu/")
    return text


def kms_key(text: str) -> str:
    """The ARN of a key of KMS: no alias, which AWS would tell as the key's own name."""
    if not _KMS_KEY.fullmatch(text):
        raise ValueError("the ARN of a KMS key: arn:aws:kms:REGION:ACCOUNT:key/ID")
    return text


def region_of_key(arn: str) -> str:
    """Where a key is, by its ARN."""
    return arn.split(":")[3]


def image(text: str) -> str:
    """The id of an image of EC2; what it has is asked later."""
    if not _IMAGE.fullmatch(text):
        raise ValueError("the id of an image such as ami-0123456789abcdef0")
    return text


def snapshot(text: str) -> str:
    """The id of a snapshot of EBS; what it has is asked later."""
    if not _SNAPSHOT.fullmatch(text):
        raise ValueError("the id of a snapshot such as snap-0123456789abcdef0")
    return text


def is_id(kind: str, text: str) -> bool:
    """Whether a text is an id of AWS's, of a kind such as `eni`."""
    return re.fullmatch(f"{kind}-{_ID}", text) is not None


def vpc(text: str) -> str:
    """The id of a VPC; what it has is asked later."""
    if not _VPC.fullmatch(text):
        raise ValueError("the id of a VPC such as vpc-0123456789abcdef0")
    return text


def subnet(text: str) -> str:
    """The id of a subnet; what it has is asked later."""
    if not _SUBNET.fullmatch(text):
        raise ValueError("the id of a subnet such as subnet-0123456789abcdef0")
    return text


def topic(text: str) -> str:
    """The ARN of a topic of SNS; a FIFO topic takes no alarms.

    Source: CloudWatch guide, "Using Amazon CloudWatch alarms", alarm actions.
    """
    if not _TOPIC.fullmatch(text):
        raise ValueError("the ARN of an SNS topic: arn:aws:sns:REGION:ACCOUNT:NAME")
    return text


def backup_days(text: str) -> int:
    """For how long snapshots are kept: 0 for none, up to 1000 days.

    Source: terraform-provider-aws 6, aws_dlm_lifecycle_policy; DLM keeps up to 1000 by schedule.
    """
    days = whole_number(text)
    if days > _MOST_BACKUPS:
        raise ValueError(f"0 to {_MOST_BACKUPS} days")
    return days


def image_owner(text: str) -> str:
    """Whose an image is, as EC2 takes it. Source: EC2 API, DescribeImages, Owner."""
    if not _IMAGE_OWNER.fullmatch(text):
        raise ValueError("an account of 12 digits, self, amazon or aws-marketplace")
    return text


def tag(key: str, value: str) -> None:
    """Check a tag.

    Source: EC2 guide, "Tag restrictions"; IAM, Elastic Load Balancing and S3 take the same.

    Raises:
        ValueError: a service doesn't take it.
    """
    if key.lower().startswith("aws:"):
        raise ValueError("keys that don't begin with aws:, which are AWS's own")
    fits = 1 <= len(key) <= _LONGEST_TAG_KEY and len(value) <= _LONGEST_TAG_VALUE
    if not fits or not _TAG_TEXT.fullmatch(key) or not _TAG_TEXT.fullmatch(value):
        raise ValueError(
            f"letters, digits, spaces and . _ : / = + - @, up to {_LONGEST_TAG_KEY} in a key and "
            f"{_LONGEST_TAG_VALUE} in a value"
        )
