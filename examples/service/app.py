"""A service that finds entities: texts in, spans with their confidence out.

BIRNN_MODEL=model/model-best uvicorn --factory app:create_app
"""

import os
import sys
from threading import Lock
from typing import Annotated, Any, Dict, List, Optional

import spacy
from fastapi import FastAPI
from pydantic import BaseModel, Field
from spacy.language import Language

from spacy_birnn.pipeline.base import BiRNNPipe
from spacy_birnn.tagging import tag_stream

Text = Annotated[str, Field(max_length=100_000)]


class Request(BaseModel):
    texts: List[Text] = Field(max_length=1_000)


def load(path: str) -> Language:
    """Load a pipeline, and let all components of ours say how sure they are."""
    nlp = spacy.load(path)
    names = [name for name, pipe in nlp.pipeline if isinstance(pipe, BiRNNPipe)]
    return spacy.load(
        path, config={f"components.{name}.confidence": True for name in names}
    )


def named_model() -> str:
    """The path in `BIRNN_MODEL`."""
    try:
        return os.environ["BIRNN_MODEL"]
    except KeyError:
        sys.exit("Say where the pipeline is, as in BIRNN_MODEL=model/model-best")


def create_app(nlp: Optional[Language] = None) -> FastAPI:
    """Create the service.

    Args:
        nlp: the pipeline; None for the one that `BIRNN_MODEL` names.
    """
    pipeline = load(named_model()) if nlp is None else nlp
    one_at_a_time = Lock()
    app = FastAPI(title="spacy-birnn")

    # Without `async`, so that FastAPI calls it in a thread and stays free for others.
    @app.post("/entities")
    def entities(request: Request) -> List[Dict[str, Any]]:
        with one_at_a_time:
            return list(tag_stream(pipeline, request.texts))

    @app.get("/health")
    def health() -> Dict[str, Any]:
        meta = pipeline.meta
        return {key: meta[key] for key in ("lang", "name", "version", "labels")}

    return app
