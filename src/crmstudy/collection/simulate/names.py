"""Invented names of persons, Chinese and Western, and the ways they are written wrongly."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crmstudy.collection.simulate.draws import Booleans, Integers

# Characters and their Pinyin; a given name has one or two. Every sound stands at least
# twice among the given names, so that a name can be heard right and written wrongly.
_CHINESE_SURNAMES = (
    "王wang 李li 张zhang 刘liu 陈chen 杨yang 黄huang 赵zhao 吴wu 周zhou 徐xu 孙sun 马ma 朱zhu "
    "胡hu 郭guo 何he 林lin 高gao 罗luo 郑zheng 梁liang 谢xie 宋song 唐tang 许xu 邓deng 冯feng "
    "韩han 曹cao 曾zeng 彭peng 萧xiao 蔡cai 潘pan 田tian 董dong 袁yuan 于yu 余yu 叶ye 蒋jiang "
    "杜du 苏su 魏wei 程cheng 吕lü 丁ding 沈shen 欧阳ouyang"
)
_CHINESE_GIVEN = (
    "芳fang 方fang 伟wei 薇wei 丽li 莉li 静jing 晶jing 敏min 民min 军jun 君jun 洋yang 阳yang "
    "艳yan 燕yan 杰jie 洁jie 霞xia 夏xia 明ming 鸣ming 平ping 萍ping 刚gang 钢gang 华hua 桦hua "
    "文wen 雯wen 辉hui 慧hui 玲ling 灵ling 健jian 建jian 斌bin 彬bin 红hong 宏hong 佳jia 嘉jia "
    "欣xin 新xin 怡yi 宜yi 雨yu 宇yu 琪qi 奇qi 晨chen 辰chen 博bo 波bo 涵han 晗han 婷ting 庭ting"
)
_FIRST_NAMES = (  # women's, then men's
    "Anna Maria Emma Laura Sofia Julia Clara Alice Helen Ruth Nora Eva Ingrid Lucia Carmen Elena "
    "Marta Irene Hannah Grace Olivia Charlotte Amelia Zoe Mia Lena Petra Birgit Chiara Camille",
    "Peter Paul Thomas Martin David Daniel Michael Lukas Jonas Felix Oscar Hugo Victor Marco Luca "
    "Carlos Diego Pablo Henry James William George Edward Adam Simon Erik Lars Jan Anton Noah",
)
_SURNAMES = (
    "Smith Jones Taylor Brown Wilson Evans Walker Wright Robinson Thompson Hughes Green Hall Wood "
    "Clarke Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Hoffmann Schäfer Koch Bauer "
    "Richter Klein Wolf Martin Bernard Dubois Moreau Laurent Lefèvre Rossi Russo Ferrari Bianchi "
    "García López Martínez Sánchez Pérez Gómez Novak Kowalski Nowak Jansen Visser Larsen Hansen "
    "Nilsson Andersson Virtanen Horvath Silva Santos O'Brien"
)
_PLAIN = str.maketrans("üäöèéáíóñ'", "uaoeeaion-")
_TITLES = ("Dr. ", "Mr. ", "Ms. ")


def _split(words: str) -> tuple[list[str], list[str]]:
    """Split characters from their Pinyin."""
    pairs = [(w.rstrip("abcdefghijklmnopqrstuvwxyzü"), w) for w in words.split()]
    return [signs for signs, _ in pairs], [word.removeprefix(signs) for signs, word in pairs]


_SIGNS, _SOUNDS = _split(_CHINESE_SURNAMES)
_GIVEN_SIGNS, _GIVEN_SOUNDS = _split(_CHINESE_GIVEN)
_HOMOPHONES = {
    sign: _GIVEN_SIGNS[place ^ 1] for place, sign in enumerate(_GIVEN_SIGNS)
}  # they stand in pairs
_WESTERN_FIRST = [name for names in _FIRST_NAMES for name in names.split()]
_WESTERN_LAST = _SURNAMES.split()


def draw_names(
    rng: np.random.Generator, chinese: Booleans, is_male: Booleans
) -> tuple[pa.Array, pa.Array]:
    """Draw full names, and the names in plain small letters for e-mail addresses.

    Returns
    -------
    names, plain : Array of str
        ``王芳`` and ``fang.wang``; ``Anna Müller`` and ``anna.muller``.
    """
    size = chinese.size
    surname = rng.integers(0, len(_SIGNS), size)
    given, second = rng.integers(0, len(_GIVEN_SIGNS), (2, size))
    short = rng.random(size) < 0.3  # given names of one character
    first = rng.integers(0, len(_WESTERN_FIRST) // 2, size) + is_male * (len(_WESTERN_FIRST) // 2)
    last = rng.integers(0, len(_WESTERN_LAST), size)
    of = _take
    second_sign = pc.if_else(pa.array(short), "", of(_GIVEN_SIGNS, second))
    second_sound = pc.if_else(pa.array(short), "", of(_GIVEN_SOUNDS, second))
    eastern = pc.binary_join_element_wise(
        of(_SIGNS, surname), of(_GIVEN_SIGNS, given), second_sign, ""
    )
    sound = pc.binary_join_element_wise(of(_GIVEN_SOUNDS, given), second_sound, "")
    eastern_plain = pc.binary_join_element_wise(sound, of(_plain(_SOUNDS), surname), ".")
    western = pc.binary_join_element_wise(of(_WESTERN_FIRST, first), of(_WESTERN_LAST, last), " ")
    western_plain = pc.binary_join_element_wise(
        of(_plain(_WESTERN_FIRST), first), of(_plain(_WESTERN_LAST), last), "."
    )
    which = pa.array(chinese)
    return pc.if_else(which, eastern, western), pc.if_else(which, eastern_plain, western_plain)


def _plain(names: list[str]) -> list[str]:
    return [name.lower().translate(_PLAIN) for name in names]


def _take(names: list[str], codes: Integers) -> pa.Array:
    return pa.array(names, pa.string()).take(pa.array(codes))


def miswrite(rng: np.random.Generator, name: str) -> str:
    """Write a name as somebody might who hears it or types in haste; always another text."""
    if " " in name:
        return _mistype(rng, name)
    sign = name[-1]
    return name[:-1] + _HOMOPHONES.get(sign, sign + sign)


def _mistype(rng: np.random.Generator, name: str) -> str:
    """Leave out, double or swap a letter inside the surname, or put a title in front."""
    kind = rng.integers(0, 4)
    first = min(name.index(" ") + 2, len(name) - 2)  # the capital stays where it can
    place = int(rng.integers(first, max(first + 1, len(name) - 1)))
    before, one, two, after = name[:place], name[place], name[place + 1], name[place + 2 :]
    if kind == 0:
        return before + two + after
    if kind == 1:
        return before + one + one + two + after
    if kind == 2 and one != two:
        return before + two + one + after
    return _TITLES[int(rng.integers(0, len(_TITLES)))] + name
