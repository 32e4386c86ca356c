"""Repair: what is seen of a machine (`look`), what is done (`ladder`), and how (`steps`)."""
