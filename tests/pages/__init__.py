"""What README and docs say to type works as it stands, from `./run up` in a fresh checkout on."""
