"""Notes what a deployment does to the cluster, by looking from outside twice a second."""
