"""The provider `command`, and the real pulumi-command where it is on the PATH: same questions."""
