"""YAML read strictly: every key once, and an error that names its place and the next key."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from crmstudy.errors import SettingsError, nearest

NAME_PATTERN = r"^[a-z][a-z0-9_]*$"
Name = Annotated[str, Field(pattern=NAME_PATTERN)]


class Strict(BaseModel):
    """A mapping of study.yml; a key it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


#: What can be wrong with study.yml as a whole: (English, Chinese).
MESSAGES: dict[str, tuple[str, str]] = {
    "twice": (
        "{file}: key {name!r} is given a second time in line {line}",
        "{file}：第 {line} 行的键 {name!r} 重复出现",
    ),
    "not utf-8": (
        "{file} is not UTF-8 text: byte {byte} ({reason})",
        "{file} 不是 UTF-8 文本：第 {byte} 字节（{reason}）",
    ),
    "not yaml": ("{file} is not valid YAML: {reason}", "{file} 不是有效的 YAML：{reason}"),
    "no mapping": (
        "{file} must be a mapping of keys; it is {found}",
        "{file} 必须由“键: 值”组成；现在是 {found}",
    ),
    "unknown key": ("unknown key {place!r}{near}", "未知的键 {place!r}{near}"),
    "missing key": ("missing key {place!r}", "缺少键 {place!r}"),
    "wrong value": ("{place}: {message}{shown}", "{place}：{message}{shown}"),
    "found": (" (found {found!r})", "（现为 {found!r}）"),
    "name": (
        "a name here is written with small letters a to z, digits and _, a letter first; what "
        "readers see goes into label or labels, in any language",
        "此处的名称只能用小写字母 a 至 z、数字和 _，且以字母开头；"
        "显示给读者的中文名称请写在 label 或 labels 中",
    ),
    "top level": ("(top level)", "（顶层）"),
    "near": ("; did you mean {word!r}?", "（是否应为 {word!r}？）"),
}

#: Pydantic's rules in Chinese, by the type of its error; it says them in English itself.
RULES = {
    "string_type": "应为文本",
    "string_pattern_mismatch": "应符合格式 {pattern}",
    "string_too_short": "至少要有 {min_length} 个字符",
    "string_too_long": "最多只能有 {max_length} 个字符",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_from_float": "应为整数，不能有小数部分",
    "float_type": "应为数值",
    "float_parsing": "应为数值",
    "finite_number": "应为有限的数值",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
    "greater_than": "应大于 {gt}",
    "greater_than_equal": "应不小于 {ge}",
    "less_than": "应小于 {lt}",
    "less_than_equal": "应不大于 {le}",
    "literal_error": "只能是 {expected}",
    "list_type": "应为列表",
    "tuple_type": "应为列表",
    "dict_type": "应为“键: 值”的映射",
    "model_type": "应为“键: 值”的映射",
    "model_attributes_type": "应为“键: 值”的映射",
    "too_short": "至少要有 {min_length} 项",
    "too_long": "最多只能有 {max_length} 项",
}

#: The project's own rules in Chinese: a pattern of the English text, and its translation.
OWN_RULES: tuple[tuple[str, str], ...] = (
    ("must not hold a time zone: .*", "不能含时区：时间一律为企业所在地时间"),
    ("(.*); write it as %d.%m.%Y", r"\1；请写成 %d.%m.%Y 的形式"),
    ("must say how a year, month and day .*", "必须写明年、月、日的格式，例如 %d.%m.%Y"),
    (
        "needs exactly one of file, open, simulated; found (.*)",
        r"file、open、simulated 三者必须且只能写一个；现为 \1",
    ),
    ("(.*) can only be said of a file", r"\1 只能用于文件"),
    ("review must not be greater than accept", "review 不能大于 accept"),
    (r"must end in \.bib or \.ris; found (.*)", r"必须以 .bib 或 .ris 结尾；现为 \1"),
    (r"must end in \.csv; found (.*)", r"必须以 .csv 结尾；现为 \1"),
    ("synonym (.*) stands twice; name it once", r"同义词 \1 重复出现，请只写一次"),
    ("table '(.*)': a data set cannot be called '(.*)'", r"表“\1”：数据集不能叫“\2”"),
    ("hypothesis (.*) stands twice", r"假设 \1 重复出现"),
    ("must give the lowest answer, then the highest", "必须先写最低分，再写最高分"),
    (
        r"item '(.*)' stands in two constructs \((.*)\); keep it in one",
        r"题项“\1”出现在两个构念中（\2），请只保留在其中一个",
    ),
    ("two constructs have the label '(.*)'", r"两个构念的名称都是“\1”"),
    ("item '(.*)' stands twice in '(.*)'; name it once", r"题项“\1”在“\2”中重复出现，请只写一次"),
    (
        r"model '(.*)': item '(.*)' stands in two constructs \((.*)\); keep it in one",
        r"模型“\1”：题项“\2”出现在两个构念中（\3），请只保留在其中一个",
    ),
    (
        "model '(.*)': item '(.*)' stands twice in '(.*)'; name it once",
        r"模型“\1”：题项“\2”在“\3”中重复出现，请只写一次",
    ),
    (
        "model '(.*)' lists the path (.*) -> (.*) twice; list it once",
        r"模型“\1”重复列出路径 \2 -> \3，请只写一次",
    ),
    ("model '(.*)': the paths form a cycle: (.*)", r"模型“\1”：路径构成循环：\2"),
    ("model '(.*)' lists the construct '(.*)' twice", r"模型“\1”重复列出构念“\2”"),
    (
        "model '(.*)' speaks of the construct '(.*)', which it does not list",
        r"模型“\1”用到了未列出的构念“\2”",
    ),
    ("moderator '(.*)' uses item '(.*)' twice", r"调节变量“\1”重复使用题项“\2”"),
    (
        "moderator '(.*)' uses item '(.*)' of '(.*)', which it would moderate",
        r"调节变量“\1”使用了被调节的构念“\3”的题项“\2”",
    ),
    ("missing code (.*) of item '(.*)' is on its scale", r"题项“\2”的缺失码 \1 在其量表范围内"),
    (
        "missing code (.*) of item '(.*)' is on its scale, and on that of (.*) more",
        r"题项“\2”及另外 \3 个题项的缺失码 \1 在其量表范围内",
    ),
    (
        "(model|role|focus|moderator) '(.*)' names an unknown "
        "(construct|item|item or construct) '(.*)'",
        r"\1“\2”引用了未知的 \3“\4”",
    ),
    ("criterion '(.*)' has the name of a matrix; rename it", r"准则“\1”与判断矩阵同名，请改名"),
    ("hierarchy names '(.*)' twice; name it once", r"层次结构中“\1”重复出现，请只写一次"),
    (
        "evaluation: limits of '(.*)', which the hierarchy of judgements does not have",
        r"evaluation：limits 中的“\1”不在 judgements 的层次结构中",
    ),
    (
        "label of '(.*)', which the hierarchy does not have",
        r"labels 中的“\1”不在层次结构中",
    ),
    (
        "label '(.*)' stands for two names; tell them apart",
        r"标签“\1”对应了两个名称，请加以区分",
    ),
    ("grade '(.*)' stands twice", r"等级“\1”重复出现"),
    (
        "scores: found (.*) for (.*) grades, allowed one a grade",
        r"scores：\2 个等级写了 \1 个分值，应每个等级一个",
    ),
    (
        "scores must rise from the worst grade to the best, found (.*)",
        r"scores 必须从最差等级到最好等级递增；现为 \1",
    ),
    (
        r"limits of '(.*)': found (.*) values, allowed 2 \(worst, best\) or (.*) \(one a grade\)",
        r"limits 中的“\1”有 \2 个值，应为 2 个（最差、最好）或 \3 个（每个等级一个）",
    ),
    (
        "limits of '(.*)' must only rise or only fall, found (.*)",
        r"limits 中的“\1”必须单调递增或单调递减；现为 \2",
    ),
    (
        "system '(.*)' stands twice in systems; name it once",
        r"系统“\1”在 systems 中重复出现，请只写一次",
    ),
    (
        "must rise from low over value to high; found (.*)",
        r"low、value、high 必须由小到大；现为 \1",
    ),
    ("must lie from 0 to below 1; found (.*) to (.*)", r"必须不小于 0 且小于 1；现为 \1 至 \2"),
    ("must lie from 0 to 1; found (.*) to (.*)", r"必须在 0 与 1 之间；现为 \1 至 \2"),
    (
        "'(.*)' must not be negative; costs are written positive",
        r"“\1”不能为负数；费用请写成正数",
    ),
    ("the flow '(.*)' stands twice; name it once", r"款项“\1”重复出现，请只写一次"),
    ("booked_until must not lie before booked_from", "booked_until 不能早于 booked_from"),
    (
        r"task '(.*)' needs exactly one of indicator \(with target\) and status",
        r"任务“\1”必须且只能写 indicator（连同 target）或 status 之一",
    ),
    (
        "task '(.*)': indicator and target stand together",
        r"任务“\1”：indicator 与 target 必须同时写出",
    ),
    (
        "task '(.*)': the target is what was before already",
        r"任务“\1”：目标值与原值相同",
    ),
    (r"did you mean '(.*)'\?", r"是否应为“\1”？"),
)


def _say(file: Path, key: str, **values: Any) -> str:
    return MESSAGES[key][_is_chinese(file)].format(file=file, **values)


def _is_chinese(file: Path) -> bool:
    """Whether the file asks for Chinese; looked up in its bytes, since it may be broken."""
    try:
        return bool(re.search(rb"(?m)^language:[ \t]*[\"']?zh\b", file.read_bytes()))
    except OSError:
        return False


class _RepeatedKeyError(Exception):
    def __init__(self, key: str, line: int) -> None:
        self.key, self.line = key, line


class _UniqueKeys(yaml.SafeLoader):
    """YAML in which a key given twice is an error; PyYAML would keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value == "<<":
                continue
            if str(key.value) in seen:
                raise _RepeatedKeyError(key.value, key.start_mark.line + 1)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def read_mapping(file: Path) -> dict[str, Any]:
    """Read a YAML file that holds one mapping.

    Raises
    ------
    SettingsError
        If it is empty, not UTF-8, not YAML, no mapping, or gives a key twice.
    """
    try:
        content = yaml.load(file.read_text(encoding="utf-8-sig"), Loader=_UniqueKeys)
    except _RepeatedKeyError as error:
        text = _say(file, "twice", name=error.key, line=error.line)
        raise SettingsError(text) from None
    except UnicodeDecodeError as error:
        text = _say(file, "not utf-8", byte=error.start, reason=error.reason)
        raise SettingsError(text) from None
    except yaml.YAMLError as error:
        text = _say(file, "not yaml", reason=" ".join(str(error).split()))
        raise SettingsError(text) from None
    if not isinstance(content, dict):
        found = "empty" if content is None else f"a {type(content).__name__}"
        raise SettingsError(_say(file, "no mapping", found=found))
    return content


def explain(error: ValidationError, file: Path, model: type[BaseModel]) -> str:
    """Say all that is wrong with a file's mapping in one message, each with its place."""
    lines = []
    for problem in error.errors():
        parts = [str(part) for part in problem["loc"] if part != "[key]"]
        place = ".".join(parts) or _say(file, "top level")
        if problem["type"] == "extra_forbidden":
            near = _near(file, parts[-1], _known_keys(parts, model))
            lines.append(_say(file, "unknown key", place=place, near=near))
        elif problem["type"] == "missing":
            lines.append(_say(file, "missing key", place=place))
        else:
            found = problem["input"]
            plain = isinstance(found, (str, int, float, bool))
            shown = _say(file, "found", found=found) if plain else ""
            message = _rule(file, problem)
            lines.append(_say(file, "wrong value", place=place, message=message, shown=shown))
    return f"{file}: " + ("；" if _is_chinese(file) else "; ").join(lines)


def _near(file: Path, word: str, known: Iterable[str]) -> str:
    found = re.search("'(.*)'", nearest(word, known))
    return _say(file, "near", word=found[1]) if found else ""


def _rule(file: Path, problem: Any) -> str:
    """Say the rule that a value breaks, in the language of the file."""
    if problem.get("ctx", {}).get("pattern") == NAME_PATTERN:
        return _say(file, "name")
    message = str(problem["msg"]).removeprefix("Value error, ")
    if not _is_chinese(file):
        return message
    if problem["type"] in RULES:
        return RULES[problem["type"]].format(**problem.get("ctx", {}))
    whole = _translate(message)
    if whole != message:
        return whole
    return "；".join(_translate(part) for part in message.split("; "))


def _translate(message: str) -> str:
    for pattern, chinese in OWN_RULES:
        found = re.fullmatch(pattern, message)
        if found:
            return found.expand(chinese)
    return message


def _known_keys(place: list[str], model: type[BaseModel]) -> Iterable[str]:
    """Walk the models along an error's place and name the keys allowed at its end."""
    step: Any = model
    for part in place[:-1]:
        if _is_model(step):
            step = _inside(step.model_fields[part].annotation)
        elif get_origin(step) in (dict, list):
            step = _inside(get_args(step)[-1])
    return step.model_fields if _is_model(step) else ()


def _inside(annotation: Any) -> Any:
    """Take the model out of ``Model | None``; leave anything else as it is."""
    if get_origin(annotation) in (dict, list):
        return annotation
    return next(filter(_is_model, get_args(annotation)), annotation)


def _is_model(candidate: Any) -> bool:
    return isinstance(candidate, type) and issubclass(candidate, BaseModel)
