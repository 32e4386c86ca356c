"""The container `loadbalancer`: a real nginx, configured from its environment."""
