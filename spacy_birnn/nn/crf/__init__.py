"""The chain: a linear-chain CRF, exact in training and in decoding."""
