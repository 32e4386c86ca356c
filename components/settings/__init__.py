"""The stack's configuration: a table of its keys, how they are read, and what is checked."""
