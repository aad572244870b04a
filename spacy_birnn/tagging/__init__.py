"""Batch tagging: sources yield texts or Docs, sinks write what the pipeline set."""
