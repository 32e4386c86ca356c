"""What a deployment is made of: values, paths, names, states, differences. No effects."""
