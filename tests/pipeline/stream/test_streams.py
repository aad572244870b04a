"""Many streams side by side: as one by one, coming, going, put away and taken up."""

import numpy
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_birnn.errors import BirnnError
from spacy_birnn.pipeline.stream import streams as streams_module

from ..toys import confidences, found
from .streamed import (
    ENCODERS,
    KINDS,
    WORDS,
    assert_same,
    pipeline,
    random_words,
    run,
    the_pipe,
)

pytestmark = pytest.mark.cpu


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize(("factory", "decoder"), KINDS[::2])
@settings(max_examples=6, deadline=None)
@given(data=st.data())
def test_side_by_side_is_one_by_one(factory, decoder, encoder, data):
    """Words come in any numbers, with white space, blank lines and breaks."""
    pipe = the_pipe(pipeline(factory, decoder, encoder, confidence=True))
    lag, n = data.draw(st.integers(0, 3)), data.draw(st.integers(1, 9))
    token = st.sampled_from([*WORDS, "\n", "\n\n"])
    streams, alone = pipe.streams(n, lag), [pipe.stream(lag) for _ in range(n)]
    told, want = [[] for _ in range(n)], [[] for _ in range(n)]
    for _ in range(data.draw(st.integers(1, 4))):
        batch = [data.draw(st.lists(token, max_size=3)) for _ in range(n)]
        for i, labels in enumerate(streams.push(batch)):
            told[i] += labels
            want[i] += alone[i].push(batch[i])
        ending = data.draw(st.sets(st.integers(0, n - 1)))
        carry = data.draw(st.booleans())
        for i, labels in zip(ending, streams.break_(ending, carry)):
            told[i] += labels
            want[i] += alone[i].break_(carry)
    docs = [streams[i].doc() for i in range(n)]
    for i in range(n):
        assert found(docs[i]) == found(alone[i].doc())
        one, other = confidences(docs[i]), confidences(alone[i].doc())
        numpy.testing.assert_allclose(one, other, rtol=0, atol=1e-5)
    for i, labels in enumerate(streams.finish()):
        assert_same(told[i] + labels, want[i] + alone[i].finish())


@pytest.mark.parametrize("encoder", ENCODERS)
def test_streams_come_and_go(encoder):
    pipe = the_pipe(pipeline(encoder=encoder))
    want = {seed: run(pipe.stream(lag=2), random_words(seed)) for seed in range(8)}
    streams, open_streams, told = pipe.streams(lag=2), {}, {}
    for turn in range(20):
        if turn < 8:  # one more in each turn
            open_streams[streams.join()] = (turn, list(random_words(turn)))
        batch = {i: [words.pop(0)] for i, (_, words) in open_streams.items()}
        for i, labels in zip(batch, streams.push(batch)):
            told.setdefault(open_streams[i][0], []).extend(labels)
        for i in [i for i, (_, words) in open_streams.items() if not words]:
            seed, _ = open_streams.pop(i)
            told[seed] += streams.finish([i])[0]
    assert len(streams) == 0
    for seed in range(8):
        assert_same(told[seed], want[seed])


def test_a_number_is_used_again_and_knows_nothing():
    pipe = the_pipe(pipeline())
    streams = pipe.streams(3, lag=1)
    streams.push([random_words(1), random_words(2), random_words(3)])
    gone = streams[1]
    streams.finish([1])
    assert list(streams) == [0, 2]
    assert streams.join() == 1
    assert_same(run(streams[1], WORDS), run(pipe.stream(lag=1), WORDS))
    with pytest.raises(BirnnError, match=r"^\[B466\]"):
        gone.push(WORDS)


def test_all_labels_at_the_end_of_many():
    nlp = pipeline()
    streams = the_pipe(nlp).streams(2, lag=None)
    streams.push([random_words(1), random_words(2)])
    told = streams.finish()
    for seed in (1, 2):
        want = run(the_pipe(nlp).stream(lag=None), random_words(seed))
        assert told[seed - 1] == want


def test_mistakes():
    streams = the_pipe(pipeline()).streams(2)
    with pytest.raises(BirnnError, match=r"^\[B476\] .*1 lists of words for 2 open"):
        streams.push([["a"]])
    with pytest.raises(BirnnError, match=r"^\[B475\] .*no open stream 7"):
        streams.push({0: ["a"], 7: ["b"]})
    with pytest.raises(BirnnError, match=r"^\[B467\]"):
        streams.push([["a"], [""]])
    assert [labels[0].index for labels in streams.push([["a"], ["b"]])] == [0, 0]
    for end in (streams.finish, streams.break_):
        with pytest.raises(BirnnError, match=r"^\[B484\] .*stream 1 is named twice"):
            end([0, 1, 1])
    assert list(streams) == [0, 1]


@pytest.mark.parametrize("n", [2.5, -1, True, "2", None])
def test_what_is_no_number_of_streams(n):
    with pytest.raises(BirnnError, match=r"^\[B483\] "):
        the_pipe(pipeline()).streams(n)


# --- put away and taken up ------------------------------------------------------------


@pytest.mark.parametrize("lag", [0, 1, 3, None])
@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize(("factory", "decoder"), KINDS[::2])
def test_a_state_goes_on_where_it_was(factory, decoder, encoder, lag):
    pipe = the_pipe(pipeline(factory, decoder, encoder, confidence=True))
    words = [*random_words(1, 6), " ", *random_words(2, 6)]
    want = pipe.stream(lag=lag)
    labels = run(want, words)
    for cut in (0, 1, 6, 7, 12):
        first = pipe.stream(lag=lag)
        told = first.push(words[:cut])
        second = pipe.stream(lag=lag).from_bytes(first.to_bytes())
        third = pipe.streams(2, lag=lag)
        number = third.join(first.to_bytes())
        for stream in (second, third[number]):
            assert told + run(stream, words[cut:]) == labels
            assert found(stream.doc()) == found(want.doc())
            assert confidences(stream.doc()) == confidences(want.doc())


def test_a_state_takes_a_few_kilobytes():
    stream = the_pipe(pipeline(encoder="both ways")).stream(lag=8, keep=False)
    for _ in range(20):
        stream.push(WORDS)
    assert len(stream.to_bytes()) < 6000


def test_a_loaded_pipeline_takes_up_a_state():
    nlp, other = pipeline(), pipeline(seed=5)
    stream = the_pipe(nlp).stream(lag=1)
    told = stream.push(WORDS[:5])
    state = stream.to_bytes()
    other.from_bytes(nlp.to_bytes())
    again = the_pipe(other).stream(lag=1).from_bytes(state)
    assert told + run(again, WORDS[5:]) == run(the_pipe(nlp).stream(lag=1), WORDS)


def test_a_state_of_another_format(monkeypatch):
    stream = the_pipe(pipeline()).stream(lag=1)
    monkeypatch.setattr(streams_module, "FORMAT_VERSION", 7)
    state = stream.to_bytes()
    monkeypatch.undo()
    with pytest.raises(BirnnError, match=r"^\[B482\] .*format 7, this .* reads 1"):
        the_pipe(pipeline()).stream(lag=1).from_bytes(state)


def test_states_that_are_refused():
    nlp = pipeline()
    stream = the_pipe(nlp).stream(lag=1)
    stream.push(WORDS)
    state = stream.to_bytes()
    other = the_pipe(pipeline(seed=3))
    with pytest.raises(BirnnError, match=r"^\[B472\] .*another model"):
        other.stream(lag=1).from_bytes(state)
    with pytest.raises(BirnnError, match=r"^\[B473\] .*lag=1, keep=True.*lag=2"):
        the_pipe(nlp).stream(lag=2).from_bytes(state)
    with pytest.raises(BirnnError, match=r"^\[B474\]"):
        stream.from_bytes(state)
    the_pipe(nlp).cfg["confidence"] = True
    sure = the_pipe(nlp).streams(1, lag=1)
    with pytest.raises(BirnnError, match=r"^\[B473\] .*without confidences"):
        sure.join(state)
    assert len(sure) == 1
    the_pipe(nlp).cfg["confidence"] = False
    streams = the_pipe(nlp).streams(2, lag=1)
    for place in (3, 60, len(state) // 2, len(state) - 1):
        altered = bytearray(state)
        altered[place] ^= 1
        with pytest.raises(BirnnError, match=r"^\[B471\] .*cut or altered"):
            streams.join(bytes(altered))
    for data in (b"", b"abc", state[:-5]):
        with pytest.raises(BirnnError, match=r"^\[B471\]"):
            the_pipe(nlp).stream(lag=1).from_bytes(data)
    assert len(streams) == 2
    assert streams.join(state) == 2


def test_a_state_after_a_calibration_is_taken_up_again(tmp_path):
    """In the same pipeline, loaded from what was saved then."""
    nlp = pipeline()
    the_pipe(nlp).stream(lag=1).to_bytes()
    the_pipe(nlp).temperature = 2.0
    stream = the_pipe(nlp).stream(lag=1)
    stream.push(WORDS)
    state = stream.to_bytes()
    nlp.to_disk(tmp_path)
    the_pipe(spacy.load(tmp_path)).stream(lag=1).from_bytes(state)
