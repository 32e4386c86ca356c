"""A deployment: registrations become steps, steps call providers, the journal records them."""
