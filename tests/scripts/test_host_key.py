"""The host key is read from what cloud-init prints on the console."""

from __future__ import annotations

from scripts.host_key import host_key


def console(*keys: str) -> str:
    return "\n".join(
        f"""[   12.3] cloud-init[812]: booting
-----BEGIN SSH HOST KEY KEYS-----
ecdsa-sha2-nistp256 AAAAE2Vj root@ip-10-5-0-6
ssh-ed25519 {key} root@ip-10-5-0-6
-----END SSH HOST KEY KEYS-----
"""
        for key in keys
    )


def test_the_ed25519_key_is_taken() -> None:
    assert host_key(console("AAAAC3Nz")) == "ssh-ed25519 AAAAC3Nz"


def test_the_newest_boot_counts() -> None:
    assert host_key(console("AAAAold", "AAAAnew")) == "ssh-ed25519 AAAAnew"


def test_a_console_that_is_cut_has_no_key_yet() -> None:
    assert host_key(console("AAAAC3Nz").split("-----END", maxsplit=1)[0]) is None
    assert host_key("") is None
