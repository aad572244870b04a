"""The measures of tagging.py."""
