"""A simulated OpenVidu Enterprise HA, in which the unmodified program can be rehearsed.

It is made of processes that run on the lab's hosts. Nothing here is OpenVidu's code: the
behaviour follows the on-premises page of OpenVidu 2.30.0, its REST reference, what can be read in
its public deployment files, and what its own clients read and its server was seen to answer. It
is for rehearsal, tests and benchmarks only.

Parts: `mirror` (downloads and install scripts), `packages` (the `apt-get` stand-in), `docker`
(the container stand-in), `base` (load balancer, Redis, Elasticsearch, Kibana, application),
`s3` (MinIO's stand-in), `node` (replication manager, OpenVidu Server, media), `acme` (Let's
Encrypt's stand-in), `faults` (what can be made to go wrong).

May import `openvidu` (facts) and the standard library, pyyaml, websockets and, in
`node.media` alone, aiortc; from the rest of the lab only `lab.cloud.facts` and
`lab.cloud.authority`.
"""
