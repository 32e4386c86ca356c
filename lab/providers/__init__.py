"""The lab's Pulumi providers: gRPC `ResourceProvider` processes that either engine can start.

`base` is what they share. `aws` and `command` import `base` and never each other.
"""
