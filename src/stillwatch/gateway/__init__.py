"""The gateway: the policy carried out in front of a model API, without breaking a stream."""
