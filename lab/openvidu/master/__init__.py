"""What is different where OpenVidu Server is a single master: it has media nodes, and no peers."""
