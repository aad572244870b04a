"""Measures of labels that follow the words."""
