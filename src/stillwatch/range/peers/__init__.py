"""The peers: other people's detectors and ours behind the same Protocols, given the same traffic and never the truth."""
