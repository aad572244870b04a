"""What a stream does not tell apart."""

import numpy
import pytest

from spacy_birnn.nn.stream.classes import LabelClasses
from spacy_birnn.pipeline.codec import SpanCodec


@pytest.mark.parametrize("scheme", ["bioes", "iob2"])
def test_spans_are_told_in_iob2(scheme):
    codec = SpanCodec(["PER", "A-B"], scheme)
    classes = codec.classes
    told = {"B": "B", "S": "B", "I": "I", "E": "I", "O": "O"}
    for label, chosen in zip(codec.labels, classes.of_label, strict=True):
        name = classes.names[chosen]
        assert name == told[label[0]] + label[1:]
        begins = "B" if label[0] != "O" else "O"
        assert classes.names[classes.start[codec.labels.index(label)]] == (
            begins + label[1:]
        )
    for name, follower in zip(classes.names, classes.follower, strict=True):
        want = f"I{name[1:]}" if name != "O" else None
        assert (classes.names[follower] if follower >= 0 else None) == want


def test_members_and_penalties_are_one():
    classes = SpanCodec(["PER"], "bioes").classes
    assert classes.members.sum(0).tolist() == [1] * 5
    assert numpy.array_equal(classes.penalty == 0.0, classes.members)


def test_tags_are_classes_of_their_own():
    classes = LabelClasses.of_tags(["NOUN", "VERB"])
    assert classes.names == ["NOUN", "VERB"]
    assert classes.members.tolist() == [[True, False], [False, True]]
    assert (classes.follower < 0).all()
