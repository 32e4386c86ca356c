"""The lab's control API: what can't be asked of the fake AWS. `client` asks, `server` answers."""
