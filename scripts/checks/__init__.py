"""What `scripts.preflight` looks at: the stack, the account, names, machines, services."""
