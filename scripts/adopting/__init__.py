"""A cluster that somebody made by hand, as the page says, becomes a stack's."""
