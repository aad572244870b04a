"""The command line: one command a file, each a thin shell over a function."""

from .app import main

__all__ = ["main"]
