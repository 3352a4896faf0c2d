"""What a text means: the first rule that fits its innermost cause.

Promises an answer for any `str` whatever, in time linear in a bounded text, and `unclassified` where no rule
speaks. Never keeps a text, neither in what it returns nor in its memory of answers, which knows digests only. Of an
error that was wrapped by others the innermost is asked first; if no rule knows it, the next one out.
"""

import hashlib
from collections import OrderedDict

from syncwatch.classification.book import Answer, Book
from syncwatch.classification.normalise import cut, normalise
from syncwatch.model import NO_CONTEXT, Context, Finding

CACHE_SIZE = 16384
DIGEST_BYTES = 16


class Classifier:
    """Answers by a book of rules, with a bounded memory of the texts last asked for."""

    def __init__(self, book: Book, *, cache_size: int = CACHE_SIZE) -> None:
        self._book = book
        self._answers: OrderedDict[bytes, Answer] = OrderedDict()
        self._cache_size = cache_size

    def classify(self, text: str, context: Context = NO_CONTEXT) -> Finding:
        """Find the class of a text, who must act in these circumstances, and the codes that it carries."""
        text = cut(text)
        key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).digest()
        answer = self._answers.pop(key, None) or self._read(text)
        self._answers[key] = (
            answer  # last, as the one that was asked for last; step by step, as threads ask too
        )
        if len(self._answers) > self._cache_size:
            self._answers.popitem(last=False)
        return answer.finding(context)

    def _read(self, text: str) -> Answer:
        spelled = normalise(text)
        codes = self._book.patterns.codes(spelled)
        answer = self._answer(spelled, codes)
        return answer.carrying(self._book.named(codes)) if codes else answer

    def _answer(self, spelled: bytes, codes: frozenset[int]) -> Answer:
        book = self._book
        inner_texts = book.unwrapper.inner(spelled)
        if inner_texts and (final := book.final(spelled)):
            return final.answer
        for start, end in inner_texts:
            if inner := book.speaks(spelled[start:end], spelled):
                return inner.answer
        whole = book.speaks(spelled, codes=codes)
        return whole.answer if whole else book.nothing
