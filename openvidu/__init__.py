"""Facts about OpenVidu Enterprise, and a few functions, that all the other packages share.

Only the standard library may be imported here: the package is also copied to the
base services machine. Every fact names where it is documented.

Sources: "page" is the on-premises page of OpenVidu 2.30.0
(https://docs.openvidu.io/en/2.30.0/deployment/enterprise/on-premises/); "repository" is
OpenVidu/openvidu at tag v2.30.0, folder
`openvidu-server/deployments/enterprise-ha/docker-compose`.
"""
