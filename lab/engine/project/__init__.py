"""What the user wrote: Pulumi.yaml, Pulumi.STACK.yaml, and which stack is selected."""
