"""MinIO's stand-in: an S3 endpoint with signatures that are checked, and a client for it."""
