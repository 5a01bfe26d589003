from stormlab.properties.promises import PROMISES
from stormlab.properties.promises.words import WORDS


def test_every_promise_has_its_words_in_order() -> None:
    assert list(WORDS) == list(PROMISES)


def test_sentences_end_and_clauses_do_not() -> None:
    for name, words in WORDS.items():
        assert words.bound.endswith("."), name
        assert not words.undecided.endswith("."), name
