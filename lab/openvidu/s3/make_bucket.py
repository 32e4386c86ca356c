"""The container `createbuckets`, once the S3 endpoint listens: makes the bucket.

Environment: S3_ENDPOINT, S3_ACCESS_KEY, S3_SECRET_KEY, S3_BUCKET.
"""

from __future__ import annotations

import asyncio
import os

from lab.openvidu.s3.client import Bucket, BucketError
from lab.openvidu.s3.signature import Keys
from lab.openvidu.web.server import log


async def make(bucket: Bucket) -> None:
    """Create `bucket`, or say why not."""
    try:
        made = await bucket.create()
    except BucketError as error:
        log(f"mc: <ERROR> Unable to make bucket {bucket.name}. {error}")
    else:
        log(f"Bucket {bucket.name} {'created' if made else 'is there already'}.")


if __name__ == "__main__":
    # The original ends with status 0 whatever happened.
    asyncio.run(
        make(
            Bucket(
                os.environ["S3_ENDPOINT"],
                os.environ["S3_BUCKET"],
                Keys(os.environ["S3_ACCESS_KEY"], os.environ["S3_SECRET_KEY"]),
            )
        )
    )
