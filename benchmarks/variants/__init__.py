"""What tradeoff.py trains, times and shows: sizes and kinds of the encoder."""
