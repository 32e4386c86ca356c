"""The container `createbuckets`: waits for the S3 endpoint, and makes the bucket.

Environment: S3_ENDPOINT, S3_ACCESS_KEY, S3_SECRET_KEY, S3_BUCKET.
"""

from __future__ import annotations

import asyncio
import os

from lab.openvidu.s3.client import Bucket, BucketError
from lab.openvidu.s3.signature import Keys
from lab.openvidu.web.server import log

_ATTEMPTS = 60
_SECONDS_BETWEEN = 0.25


async def make(bucket: Bucket) -> bool:
    """Create `bucket`, waiting for its endpoint; `False` where that didn't work."""
    for _ in range(_ATTEMPTS):
        try:
            made = await bucket.create()
        except BucketError as error:
            last = str(error)
            await asyncio.sleep(_SECONDS_BETWEEN)
        else:
            log(f"Bucket {bucket.name} {'created' if made else 'is there already'}.")
            return True
    log(f"mc: <ERROR> Unable to make bucket {bucket.name}. {last}")
    return False


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
