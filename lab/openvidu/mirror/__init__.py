"""The mirror: what the lab's hosts download instead of going to the internet."""
