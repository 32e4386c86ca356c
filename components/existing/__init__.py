"""Machines that exist already: checked before the first change, and left as they were found."""
