"""Local HTTP servers that stand in for AWS: on loopback only, in AWS's own wire form."""
