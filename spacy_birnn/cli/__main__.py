"""`python -m spacy_birnn.cli`: the console script without its path."""

from .app import main

if __name__ == "__main__":
    main()
