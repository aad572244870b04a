"""Recurrent sequence taggers (RNN, LSTM, GRU) with an exact CRF for spaCy."""

__version__ = "0.1.0"
