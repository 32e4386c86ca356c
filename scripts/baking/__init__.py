"""Images of nodes: a machine that is prepared, what is made of it, and which images are old."""
