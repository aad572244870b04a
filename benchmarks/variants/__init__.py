"""The encoders that tradeoff.py trains, times and shows."""
