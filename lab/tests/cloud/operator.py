"""Calls the fake AWS from within a lab: reads calls, one JSON a line, and answers each."""

from __future__ import annotations

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from lab.cloud.facts import API_URL


def main() -> None:
    clients = {}
    for line in sys.stdin:
        call = json.loads(line)
        service = call["service"]
        if service not in clients:
            clients[service] = boto3.client(
                service,
                region_name="eu-west-1",
                endpoint_url=API_URL,
                aws_access_key_id="lab",
                aws_secret_access_key="lab",
                config=Config(retries={"total_max_attempts": 1}),
            )
        try:
            answer = {"answer": getattr(clients[service], call["method"])(**call["arguments"])}
        except ClientError as error:
            answer = {"code": error.response["Error"]["Code"], "message": str(error)}
        sys.stdout.write(json.dumps(answer, default=str) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
