"""Stillwatch within other people's gateways: the same policy and standing, spoken in the dialect of whoever stands in the path.

`litellm` is a plug-in for LiteLLM, `webhook` a service that guardrail hooks and Envoy ask, `control` pushes decisions into LiteLLM's own
limits. What an adapter cannot carry out it counts and says: see `doable`.
"""
