"""Normalisation undoes the usual disguises, leaves ordinary writing alone, and never fails."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.signals.normalise import normalise, normalise_all, suspicious, unmask

DISGUISED = {
    "full-width letters": ("ｍａｇｉｃ", "magic"),
    "mathematical letters": ("𝓶𝓪𝓰𝓲𝓬 𝕞𝕒𝕘𝕚𝕔", "magic magic"),
    "circled and negative letters": ("ⓜⓐⓖⓘⓒ 🅼🅰🅶🅸🅲", "magic MAGIC"),
    "small capitals": ("ᴍᴀɢɪᴄ ᴡᴏʀᴅ", "magic word"),
    "Cyrillic look-alikes": ("mаgiс wоrd", "magic word"),
    "a word of look-alikes in a Latin text": ("the сорсе thing", "the copce thing"),
    "Latin look-alikes in a Russian word": ("большoй дом", "большой дом"),
    "zero-width characters": ("ma\u200bgi\u2060c", "magic"),
    "a right-to-left override": ("\u202emagic\u202c", "magic"),
    "stacked marks": ("m\u0300\u0301\u0302\u0303a\u0310\u0311\u0312gic", "magic"),
    "struck-through letters": ("m\u0336a\u0336g\u0336i\u0336c\u0336", "magic"),
    "digits for letters": ("m4g1c t3st", "magic test"),
    "signs for letters": ("m@gic te$t", "magic test"),
    "dotted letters": ("m.a.g.i.c word", "magic word"),
    "spaced letters": ("the m a g i c word", "the magic word"),
    "held-down letters": ("maaaagic", "maagic"),
    "an emoji in a word": ("ma😀gic", "magic"),
    "symbols in Chinese": ("魔*术*师", "魔术师"),
    "spaces in Chinese": ("魔 术 师", "魔术师"),
    "two disguises at once": ("ｍ\u200b.a.g.i.c", "magic"),
}

PLAIN = [
    "Don't panic: it's 5 o'clock, 24/7, and 3.14 isn't 22/7.",
    "See https://example.com/a1b2?q=l33t and www.example.org, or write to jo3@example.com",
    "Thanks @us3r_n4me! #win2024",
    "My iPhone 5s, an mp3 player, H2O, R2D2, COVID-19, the W3C, a Boeing 747 and US$ 100",
    "U.S.S.R., e.g., i.e., a.m., Ph.D. and options A B C D",
    "AAA batteries, size XXXL, www, Act VIII, hmm",
    "I ❤️ NY 👨‍👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿 so 🔥good",
    "naïve café, Zoë, Straße, Ångström, Tiếng Việt, ẹ̀kọ́",
    "今天天气很好，我们去公园散步吧！“真的？”——哈哈哈哈哈",
    "卡尔·马克思，3*4=12，是/否，东、西、南、北",
    "今日は天気がいいです。カタカナ、ひらがな…",
    "안녕하세요 ㅋㅋㅋㅋ 반갑습니다",
    "مرحبا بالعالم، كيف حالك؟",
    "می‌خواهم کتاب بخوانم",
    "שלום עולם",
    "क्षत्रिय हिन्दी में ज़रूर",
    "สวัสดีครับ น้ำ",
    "Привет, как дела? Это дом.",
    "Καλημέρα κόσμε, το μήκος είναι 5 μm",
    "x² + y² = ½, 25 °C, №5, ™ © ①",
]


@pytest.mark.parametrize(("disguised", "plain"), DISGUISED.values(), ids=DISGUISED)
def test_undoes_a_disguise(disguised: str, plain: str) -> None:
    assert normalise(disguised) == plain
    assert unmask(disguised).changed > 0


@pytest.mark.parametrize("text", PLAIN)
def test_leaves_ordinary_writing_as_it_is(text: str) -> None:
    assert normalise(text) == text
    assert unmask(text).changed == 0


def test_counts_what_it_touched() -> None:
    found = unmask("ma\u200bgi\u200bc w0rd")
    assert (found.changed, found.invisible) == (3, 2)


TRICKS = st.text(
    st.one_of(
        st.sampled_from(
            "abcAIOS013457@$!| .-_*~#/:\n你好自杀한ばカаеоСѕ\u0301\u0336\u200b\u200d\ufe0f\u202e😀❤👍🇩𝓪ａⓐſﬁ"
        ),
        st.characters(),
        st.characters(categories=["Cs", "Cc", "Mn", "Cf"]),
    ),
    max_size=40,
)


@settings(deadline=None)
@given(TRICKS)
def test_is_idempotent_on_any_unicode(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@settings(deadline=None)
@given(st.lists(TRICKS, max_size=5))
def test_a_batch_gives_what_each_text_alone_gives(texts: list[str]) -> None:
    assert normalise_all(texts) == [normalise(text) for text in texts]
    assert set(range(len(texts))) - set(suspicious(texts)) <= {
        i for i, text in enumerate(texts) if normalise(text) == text
    }


@settings(deadline=None)
@given(st.lists(st.from_regex(r"[A-Za-z]?[bcdfghjk][aeiou][lmnprst]{1,2}", fullmatch=True), max_size=12))
def test_plain_words_are_unchanged(words: list[str]) -> None:
    text = " ".join(words)
    assert normalise(text) == text


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "a ",
        "a.",
        "k.i.l ",
        "4a",
        "\u200b",
        "自*",
        "😀a",
        "e\u0301",
        "ａ",
        "С a ",
        "1@a.",
        "\x00",
        "\ud800",
    ],
)
def test_time_grows_with_the_length_only(unit: str) -> None:
    def seconds(characters: int) -> float:
        started = time.process_time()
        unmask(unit * (characters // len(unit)))
        return time.process_time() - started

    assert seconds(800_000) < 20 * seconds(100_000) + 0.5
