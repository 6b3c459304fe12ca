"""Expected values of bag_of_words and tf_idf, by scikit-learn.

    python3 -m venv venv && venv/bin/pip install 'scikit-learn==1.9.*'
    venv/bin/python text.py > text.json

Each case has training texts, texts to apply the transform to, the n-grams that
count, and of each text the pairs of an index and a value. None is a missing text,
which is an empty one here.
"""

import json
import re
import sys
import unicodedata

import sklearn
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

PLAIN = [
    "The cat sat on the mat, the mat sat.",
    "A dog! a DOG_1 and 2 cats; it's 12 o'clock",
    "",
    None,
    "the end of the dog's story  of\tcats\n\nand dogs",
    "Cat cat CAT dog the",
]

UNICODE = [
    "Ĳsselmeer İstanbul ΟΔΟΣ ΣΑΣ, Straße naïve e\u0301te\u0301",
    "日本語 の テキスト 数字１２３ ½ ⅷ ² x² 100€ ﬁn",
    "emoji 👍🏽 and ❤️ love\u200dly soft\u00adhyphen non\u00a0break \x1c sep \u2028 line",
    "हिन्दी में पाठ ไทย العَرَبِيَّة",
    "İSTANBUL ΟΔΟΣ. naïve NAÏVE straße STRASSE",
    "_under_score __ _ a_b 3.14 1,000 x-y",
]

# What is seen and belongs to no word: not \w, no blank, no control character, no mark on a letter.
MARKS = "".join(re.escape(chr(c)) for c in range(0x110000) if unicodedata.category(chr(c))[0] == "M" or unicodedata.category(chr(c)) == "Cc")
SEEN = r"[^\w\s" + MARKS + "]"

ROWS = ["cat and dog and unseen words", "", None, "THE the The mat", "naïve ΟΔΟΣ 数字１２３ istanbul", "  ", "story_story of of of cats"]


def case(name, kind, settings, train, rows=ROWS, **kw):
    vectorizer = (CountVectorizer if kind == "bag_of_words" else TfidfVectorizer)(**kw)
    clean = lambda texts: [t or "" for t in texts]
    vectorizer.fit(clean(train))
    x = vectorizer.transform(clean(rows + train))
    x.sort_indices()
    want = [[[int(i), float(v)] for i, v in zip(r.indices, r.data)] for r in (x[i] for i in range(x.shape[0]))]
    return dict(name=name, kind=kind, settings=settings, train=train, rows=rows + train,
                terms=[str(t) for t in vectorizer.get_feature_names_out()], want=want)


cases = []
for data, train in ("plain", PLAIN), ("unicode", UNICODE):
    for name, settings, kw in (
        ("default", "{}", {}),
        ("case", "{lowercase: false}", dict(lowercase=False)),
        ("pairs", "{ngram_range: [1, 2]}", dict(ngram_range=(1, 2))),
        ("threes", "{ngram_range: [2, 3]}", dict(ngram_range=(2, 3))),
        ("char", "{analyzer: char, ngram_range: [1, 3]}", dict(analyzer="char", ngram_range=(1, 3))),
        ("char_wb", "{analyzer: char_wb, ngram_range: [2, 5]}", dict(analyzer="char_wb", ngram_range=(2, 5))),
        ("min_df", "{min_df: 2}", dict(min_df=2)),
        ("min_df fraction", "{min_df: 0.3}", dict(min_df=0.3)),
        ("max_df fraction", "{max_df: 0.4}", dict(max_df=0.4)),
        ("max_df number", "{max_df: 2}", dict(max_df=2)),
        ("both", "{min_df: 0.2, max_df: 0.5}", dict(min_df=0.2, max_df=0.5)),
        ("letters", "{single_letters: true, ngram_range: [1, 2]}", dict(token_pattern=r"\b\w+\b", ngram_range=(1, 2))),
        ("punctuation", "{punctuation: '!;,.', ngram_range: [1, 2]}", dict(token_pattern=r"\b\w\w+\b|[!;,.]", ngram_range=(1, 2))),
        ("letters and all punctuation", "{single_letters: true, punctuation: all}", dict(token_pattern=r"\w+|" + SEEN)),
        ("stop", "{stop_words: [the, and, naïve], ngram_range: [1, 2]}", dict(stop_words=["the", "and", "naïve"], ngram_range=(1, 2))),
    ):
        cases.append(case(data + " " + name, "bag_of_words", settings, train, **kw))
        cases.append(case(data + " " + name, "tf_idf", settings, train, **kw))
cases.append(case("binary", "bag_of_words", "{binary: true}", PLAIN, binary=True))
cases.append(case("most", "bag_of_words", "{max_features: 1}", PLAIN, max_features=1))
cases.append(case("most", "tf_idf", "{max_features: 1}", PLAIN, max_features=1))
for name, settings, kw in (
    ("l1", "{norm: l1}", dict(norm="l1")),
    ("none", "{norm: none}", dict(norm=None)),
    ("no idf", "{use_idf: false}", dict(use_idf=False)),
    ("rough", "{smooth_idf: false}", dict(smooth_idf=False)),
    ("sublinear", "{sublinear_tf: true}", dict(sublinear_tf=True)),
    ("all", "{sublinear_tf: true, smooth_idf: false, norm: l1, ngram_range: [1, 2]}",
     dict(sublinear_tf=True, smooth_idf=False, norm="l1", ngram_range=(1, 2))),
):
    cases.append(case(name, "tf_idf", settings, PLAIN, **kw))

json.dump(dict(made_by="scikit-learn " + sklearn.__version__, cases=cases), sys.stdout, ensure_ascii=False, separators=(",", ":"))
print()
