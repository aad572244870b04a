"""A service that labels words as they are typed, over a WebSocket, with a page to try.

BIRNN_MODEL=model/model-best uvicorn --factory app:create_app
"""

import os
import sys
from pathlib import Path
from typing import Annotated, Any, Dict, List, Literal, Optional, Union

import spacy
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from spacy.language import Language

from spacy_birnn.pipeline.stream.pipe import StreamedPipe
from spacy_birnn.pipeline.stream.stream import Stream

PAGE = Path(__file__).with_name("page.html")

MAX_LAG = 50
"""Words that a client may let a label wait for."""

Word = Annotated[str, Field(min_length=1, max_length=200)]


class Push(BaseModel):
    """Words that have been typed."""

    type: Literal["push"]
    words: List[Word] = Field(max_length=1000)


class End(BaseModel):
    """The end of a sentence, or of all."""

    type: Literal["break", "finish"]


MESSAGE: TypeAdapter[Union[Push, End]] = TypeAdapter(
    Annotated[Union[Push, End], Field(discriminator="type")]
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
        nlp: the pipeline, whose first component of ours is streamed; None for the one
            that `BIRNN_MODEL` names.
    """
    pipeline = spacy.load(named_model()) if nlp is None else nlp
    pipe = next(pipe for _, pipe in pipeline.pipeline if isinstance(pipe, StreamedPipe))
    app = FastAPI(title="spacy-birnn streaming")

    @app.get("/")
    def page() -> FileResponse:
        return FileResponse(PAGE)

    @app.websocket("/stream")
    async def stream(socket: WebSocket, lag: int = 0) -> None:
        await socket.accept()
        if not 0 <= lag <= MAX_LAG:
            await socket.close(1008, f"lag has to be from 0 to {MAX_LAG}")
            return
        # What is kept of a conversation does not grow with it.
        words = pipe.stream(lag=lag, keep=False)
        try:
            while True:
                text = await socket.receive_text()
                try:
                    message = MESSAGE.validate_json(text)
                except ValidationError as error:
                    await socket.send_json({"error": error.errors()[0]["msg"]})
                    continue
                # Right here: a word takes less than to hand it to a thread.
                await socket.send_json({"labels": answer(words, message)})
                if message.type == "finish":
                    await socket.close()
                    return
        except WebSocketDisconnect:
            pass

    return app


def answer(stream: Stream, message: Union[Push, End]) -> List[Dict[str, Any]]:
    """Labels that a message has made final."""
    if isinstance(message, Push):
        found = stream.push(message.words)
    elif message.type == "break":
        found = stream.break_()
    else:
        found = stream.finish()
    return [label._asdict() for label in found]
