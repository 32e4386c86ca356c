"""A small asynchronous HTTP/1.1 server and client.

The simulated services are many processes on few processors: this starts in milliseconds and
costs a few megabytes each, where a framework would not.
"""
