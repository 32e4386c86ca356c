"""`python -m lab.providers.aws`: serve the provider to the engine that started it."""

from lab.providers.aws.servicer import AwsServicer
from lab.providers.base import serve

if __name__ == "__main__":
    serve(AwsServicer)
