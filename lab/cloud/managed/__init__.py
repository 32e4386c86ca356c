"""AWS's services that aren't machines of the stack: load balancer, Redis, Elasticsearch.

Each is an appliance: a network namespace with an address in a subnet of the fake AWS, in which a
real nginx, Redis or stand-in runs. `holdings` reads what the fake AWS holds of them, `services`
brings the appliances to that; the other modules are what runs in an appliance.
"""
