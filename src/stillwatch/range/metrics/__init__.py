"""Findings against the truth: what was found, who was wronged, what was promised and kept, and what it cost the attacker."""
