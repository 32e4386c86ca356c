"""The whole thing in the lab: the unmodified program on machines that are namespaces."""
