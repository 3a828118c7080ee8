"""Language by writing system first, by the model among few languages otherwise."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.signals.language import SCRIPTS, byte_model, identify

SENTENCES = {
    "en": "The children were playing in the garden behind the house.",
    "de": "Die Kinder spielten im Garten hinter dem Haus.",
    "fr": "Les enfants jouaient dans le jardin derrière la maison.",
    "es": "Los niños jugaban en el jardín detrás de la casa.",
    "pt": "As crianças brincavam no jardim atrás da casa.",
    "it": "I bambini giocavano nel giardino dietro la casa.",
    "tr": "Çocuklar evin arkasındaki bahçede oynuyorlardı.",
    "vi": "Bọn trẻ đang chơi trong khu vườn phía sau ngôi nhà.",
    "zh": "孩子们在屋后的花园里玩耍。",
    "ja": "子供たちは家の裏の庭で遊んでいた。",
    "ko": "아이들이 집 뒤 정원에서 놀고 있었다.",
    "ru": "Привет, как дела? Мы завтра пойдём в кино.",
    "uk": "Діти гралися в саду за будинком.",
    "ar": "كان الأطفال يلعبون في الحديقة خلف المنزل.",
    "fa": "بچه‌ها در باغ پشت خانه بازی می‌کردند.",
    "hi": "बच्चे घर के पीछे बगीचे में खेल रहे थे।",
    "th": "เด็กๆ กำลังเล่นอยู่ในสวนหลังบ้าน",
    "he": "הילדים שיחקו בגינה מאחורי הבית.",
    "el": "Τα παιδιά έπαιζαν στον κήπο πίσω από το σπίτι.",
}


@pytest.mark.parametrize(("code", "text"), SENTENCES.items(), ids=SENTENCES)
def test_tells_the_language_of_a_sentence(code: str, text: str) -> None:
    (found,), (confidence,) = identify([text])
    assert found == code
    assert confidence is not None
    assert confidence > 0.5


def test_a_brand_name_does_not_make_chinese_english() -> None:
    assert identify(["我的iPhone很好用"])[0] == ["zh"]


def test_texts_without_letters_have_no_language() -> None:
    assert identify(["", "12:30 👍", "!!!"]) == ([None] * 3, [None] * 3)


def test_shouting_is_the_same_language() -> None:
    assert identify([SENTENCES["de"].upper()])[0] == ["de"]


def test_the_batched_walk_gives_what_py3langid_gives() -> None:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    original = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    original.set_languages([code for _, _, codes in SCRIPTS if len(codes) > 1 for code in codes])
    model = byte_model()
    texts = [*SENTENCES.values(), "short", "a"]
    for text, row in zip(texts, model.probabilities(texts), strict=True):
        expected, probability = original.classify(text)
        if probability > 0.1:
            assert model.languages[row.argmax()] == expected
            assert row.max() == pytest.approx(probability, rel=1e-3)


@settings(deadline=None)
@given(st.lists(st.text(max_size=30), max_size=6))
def test_an_answer_does_not_depend_on_the_rest_of_the_batch(texts: list[str]) -> None:
    together = identify(texts)[0]
    assert together == [identify([text])[0][0] for text in texts]
