"""Documents of any input that `tag` reads, without tagging them."""

from typing import Iterator, Sequence

from spacy.language import Language
from spacy.tokens import Doc

from .chunks import is_limited
from .content import Fields
from .inputs import InputFile
from .items import Item
from .reading import Reading, ShardReader
from .shards import DEFAULT_SIZE, plan_shards

RECORD = "birnn_record"
"""The key of `Doc.user_data` under which the record is that a document was read from:
the other keys of a JSON object, or columns of a table."""


def read_docs(
    nlp: Language, inputs: Sequence[InputFile], fields: Fields
) -> Iterator[Doc]:
    """Read files as documents that a pipeline's tokenizer has made, and nothing more.

    Args:
        nlp: the pipeline, inside of `chunks.prepared`.
        inputs: what `find_inputs` has found.
        fields: where in a file the documents are.

    Raises:
        BirnnError: a file cannot be read, or a document is bad; it names the place.
    """
    for item in read_items(nlp, inputs, fields):
        yield make_doc(nlp, item)


def read_items(
    nlp: Language, inputs: Sequence[InputFile], fields: Fields
) -> Iterator[Item]:
    """Read the same files, without making documents of what they hold."""
    limit = nlp.max_length if is_limited(nlp) else 2**31
    reading = Reading(fields, limit)
    for shard in plan_shards(inputs, DEFAULT_SIZE, fields.whole_files):
        yield from ShardReader(shard, reading).items()


def make_doc(nlp: Language, item: Item) -> Doc:
    """Make a document of one item."""
    content = item.content
    if isinstance(content, str):
        doc = nlp.make_doc(content)
    else:
        doc = content.make_doc(nlp.vocab)
    doc.user_data[RECORD] = item.context.meta
    return doc
