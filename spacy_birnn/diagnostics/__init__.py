"""Insight into trained pipelines: how sure, how right, and why."""
