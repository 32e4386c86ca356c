"""A simulated OpenVidu Enterprise node: replication manager, OpenVidu Server, media."""
