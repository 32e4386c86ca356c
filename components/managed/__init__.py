"""The shape `ha-managed`: AWS's services in place of the base, and the bastion."""
