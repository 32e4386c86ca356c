"""Where state is kept: file backend, lock, secrets, the journal of a running deployment."""
