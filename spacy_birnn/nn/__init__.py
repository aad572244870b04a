"""Plain torch modules, which know nothing of spaCy or thinc."""
