"""The policy pack: what a preview or an update must keep to, whoever changed the program."""
