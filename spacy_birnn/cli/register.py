"""The `spacy_cli` entry point: importing it adds `birnn` to `python -m spacy`.

spaCy imports it only where its command line runs, so what is done to the process here
is done nowhere else. It is the one file of ours that uses a private module of spaCy's.
"""

from spacy.cli._util import app as spacy_app

from .app import app
from .coded import install_excepthook

spacy_app.add_typer(app, name="birnn")
install_excepthook()
