"""What speed.py measures, one measure a file."""
