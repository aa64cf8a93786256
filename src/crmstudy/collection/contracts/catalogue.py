"""Every message about inputs, in English and in Chinese, with the same placeholders."""

from __future__ import annotations

#: Key: (English, Chinese).
CATALOGUE: dict[str, tuple[str, str]] = {
    # --- the frame of a line ------------------------------------------------------
    "line": ("{place}: found {found}", "{place}：发现{found}"),
    "line is": ("{place} {found}", "{place}：{found}"),
    "line allowed": ("; allowed: {allowed}", "；允许：{allowed}"),
    "line remedy": ("; {remedy}", "；处理办法：{remedy}"),
    "place row": (", row {row}", "，第 {row} 行"),
    "place column": (", column '{column}'", "，列“{column}”"),
    "place sheet": (", sheet '{sheet}'", "，工作表“{sheet}”"),
    "place cell": (", cell {cell}", "，单元格 {cell}"),
    "more alike": (
        "{place}: and {count} more of this kind, rows {first} to {last}",
        "{place}：同类问题还有 {count} 处，在第 {first} 至 {last} 行之间",
    ),
    "more problems": (
        "... and {count} more problems; all of them: crmstudy check",
        "……另有 {count} 个问题；用 crmstudy check 查看全部",
    ),
    "too many": (
        "{count} more problems of this kind below this row",
        "此行以下还有 {count} 个同类问题",
    ),
    "did you mean": ("; did you mean '{word}'?", "（是否应为“{word}”？）"),
    # --- files ----------------------------------------------------------------------
    "is missing": ("does not exist in {folder}{near}", "在 {folder} 中不存在{near}"),
    "a file there": ("a file beside study.yml", "与 study.yml 同目录的文件"),
    "correct file": ("correct file: in study.yml", "请改正 study.yml 中的 file:"),
    "is of suffix": ("cannot be read: cannot read {suffix}", "无法读取：不支持 {suffix} 文件"),
    "save as": ("save it as one of these", "请另存为其中一种格式"),
    "is empty": ("is empty", "文件是空的"),
    "header and rows": ("a header line and data rows", "一行列名和若干行数据"),
    "is header only": ("has no data rows", "没有数据行"),
    "fill or drop": (
        "fill it, or take the table out of study.yml",
        "请填入数据，或从 study.yml 中删去这张表",
    ),
    "no values": ("no row with a value", "没有任何一行有值"),
    "rows": ("rows with values", "有值的数据行"),
    "is of kind": ("holds another kind of file: {kind}", "内容与后缀不符，实际是 {kind}"),
    "kind by suffix": ("the kind that the suffix {suffix} says", "与后缀 {suffix} 相符的内容"),
    "give suffix": (
        "give the file the suffix {suffix}, here and in study.yml",
        "请把文件后缀和 study.yml 中的 file: 改为 {suffix}",
    ),
    "is broken": ("cannot be read as {kind}: {reason}", "无法按 {kind} 读取：{reason}"),
    "whole file": ("a whole {kind} file", "完整的 {kind} 文件"),
    "save again": ("export or save it again", "请重新导出或另存一次"),
    # --- encodings --------------------------------------------------------------------
    "not encoded": (
        "bytes that are not {encoding} text at byte {byte} ({reason})",
        "第 {byte} 字节处不是 {encoding} 文本（{reason}）",
    ),
    "encoded": ("{encoding} text", "{encoding} 编码的文本"),
    "say encoding": (
        "say its encoding in study.yml, for instance encoding: gb18030, big5 or latin-1",
        "请在 study.yml 中写明编码，例如 encoding: gb18030、big5 或 latin-1",
    ),
    "guess encoding": (
        "say encoding: {guess} in study.yml; read so, the row begins {sample}{others}",
        "请在 study.yml 中写 encoding: {guess}；按此编码读取，该行开头是 {sample}{others}",
    ),
    "or encodings": (
        "; if that is no text, try encoding: {encodings}",
        "；如果这不是正常文字，请改用 encoding: {encodings}",
    ),
    "unknown encoding": ("unknown encoding '{encoding}'", "未知的编码“{encoding}”"),
    "an encoding": (
        "an encoding that Python knows, such as utf-8, gb18030, big5",
        "utf-8、gb18030、big5 等 Python 支持的编码",
    ),
    "correct encoding": ("correct encoding: in study.yml", "请改正 study.yml 中的 encoding:"),
    # --- the shape of a table -----------------------------------------------------------
    "open quote": ("a quotation mark that is not closed", "有一个引号没有闭合"),
    "broken quote": (
        "text after a closing quotation mark ({reason})",
        "右引号之后还有文字（{reason}）",
    ),
    "closed quotes": (
        "quotation marks in pairs; one inside a field is written twice",
        "成对的引号；字段内部的引号要写两次",
    ),
    "close quote": (
        "look for a quotation mark that is not closed, here or above",
        "请在此行或此前查找没有闭合的引号",
    ),
    "fields": ("{count} fields", "{count} 个字段"),
    "as header": ("{count}, as in the header", "{count} 个，与列名行一致"),
    "quote delimiter": (
        "put a field that holds the delimiter in quotation marks",
        "含有分隔符的字段请用引号括起来",
    ),
    "no name": ("no name for column {place}", "第 {place} 列没有列名"),
    "a name": ("a name", "每列都有列名"),
    "name it": (
        "name it or take it out; undo merged cells",
        "请补上列名或删去此列；如有合并单元格请取消合并",
    ),
    "same name": ("{count} columns of this name", "有 {count} 列同名"),
    "one": ("one", "只有一列"),
    "rename": ("rename or take out all but one", "请改名，或只保留一列"),
    "one column": ("the one column {header}", "只有一列 {header}"),
    "columns by": ("columns separated by {sign}", "以 {sign} 分隔的多列"),
    "say delimiter": (
        "say delimiter: {sign} in study.yml",
        "请在 study.yml 中写 delimiter: {sign}",
    ),
    "no sheet": ("no sheet '{sheet}'{near}", "没有工作表“{sheet}”{near}"),
    "sheets": ("one of the sheets {sheets}", "工作表之一：{sheets}"),
    "correct sheet": ("correct sheet: in study.yml", "请改正 study.yml 中的 sheet:"),
    "formula error": ("the formula error {error}", "公式错误 {error}"),
    "formula unsaved": ("a formula without a stored value", "公式没有保存计算结果"),
    "a value": ("a value", "一个值"),
    "mend formula": (
        "mend the formula or clear the cell, then save",
        "请修正公式或清空单元格，然后保存",
    ),
    "save values": (
        "open it in a spreadsheet program and save it, or paste values",
        "请用表格软件打开后保存，或粘贴为数值",
    ),
    # --- names in the header and in study.yml ---------------------------------------------
    "only columns": ("only {columns}{near}", "只有 {columns}{near}"),
    "a required column": ("a required column", "必需的列"),
    "map column": (
        "rename it, or map it in study.yml: columns: {{{name}: <your column>}}",
        "请改列名，或在 study.yml 中对应：columns: {{{name}: <您的列名>}}",
    ),
    "unknown name": ("an unknown name", "未知的列名"),
    "known names": ("known names", "已知的列名"),
    "mistyped": (
        "did you mean '{near}'? Rename it; to keep it as an attribute, map it in "
        "study.yml: columns: {{{name}: {name}}}",
        "是否应为“{near}”？请改名；若要作为附加属性保留，请在 study.yml 中写 "
        "columns: {{{name}: {name}}}",
    ),
    "this name": ("this name", "这个列名"),
    "correct mapping": (
        "study.yml maps '{ours}' to it: correct one",
        "study.yml 把“{ours}”对应到此列：请改正其中之一",
    ),
    "drop mapping": (
        "study.yml maps '{ours}' to it: drop one",
        "study.yml 把“{ours}”对应到此列：请删去其中之一",
    ),
    "second use": ("a second use of column '{column}'", "列“{column}”被用了第二次"),
    "as well": ("'{column}' as well", "同时还有“{column}”"),
    "each once": ("each once", "每个只出现一次"),
    "setting of none": (
        "{setting} for '{name}', which the table does not have{near}",
        "{setting} 中写了“{name}”，而表中没有此列{near}",
    ),
    "our columns": ("our names of its columns: {columns}", "表中各列的规范名称：{columns}"),
    "correct setting": ("correct {setting}: in study.yml", "请改正 study.yml 中的 {setting}:"),
    "unit of no number": (
        "units for '{name}', which holds {kind}",
        "units 中写了“{name}”，而该列不是数值（{kind}）",
    ),
    "columns of numbers": ("columns of numbers", "数值列"),
    "say kind": (
        "take it out, or say kinds: {{{name}: number}} if it is a further column",
        "请删去；若是附加列，请写 kinds: {{{name}: number}}",
    ),
    "kind of known": (
        "kinds: {{{name}: {kind}}} for a column of the contract",
        "对规范列写了 kinds: {{{name}: {kind}}}",
    ),
    "its kind": ("{rule}, as the contract says", "{rule}（由数据规范规定）"),
    "take out kind": ("take it out of kinds: in study.yml", "请从 study.yml 的 kinds: 中删去"),
    "unknown table": ("an unknown table '{table}'{near}", "未知的表“{table}”{near}"),
    "correct tables": ("correct tables: in study.yml", "请改正 study.yml 中的 tables:"),
    # --- rules of a column ----------------------------------------------------------------
    "an identifier": ("an identifier", "标识符"),
    "yes or no": ("yes or no", "是或否（yes / no）"),
    "a date": ("a date", "日期"),
    "text": ("text", "文本"),
    "a number": ("a number", "数值"),
    "a whole number": ("a whole number", "整数"),
    "one of": ("one of {words}", "下列之一：{words}"),
    "from to": ("{rule} from {low} to {high}", "{low} 到 {high} 之间的{rule}"),
    "at least": ("{rule} of at least {low}", "不小于 {low} 的{rule}"),
    "at most": ("{rule} of at most {high}", "不大于 {high} 的{rule}"),
    "or empty": ("{rule} or empty", "{rule}，或留空"),
    # --- values -------------------------------------------------------------------------------
    "empty value": ("an empty value", "空值"),
    "fill or leave": ("fill it or leave the row out", "请填写，或删去该行"),
    "correct or missing": (
        "correct the value, or map it as missing",
        "请改正该值，或在 study.yml 的 missing 中列为缺失",
    ),
    "correct value": ("correct the value", "请改正该值"),
    "write date": (
        "write 2026-01-31 or 2026-01-31 14:05 in local time, or give date_format in study.yml",
        "请写成 2026-01-31 或 2026-01-31 14:05（当地时间），或在 study.yml 中给出 date_format",
    ),
    "write date as": (
        "write an existing day as {layout} (date_format in study.yml), without a time zone",
        "请按 {layout}（study.yml 中的 date_format）写一个真实存在的日期，不带时区",
    ),
    "write number": (
        "write it without thousands separators and units, or say decimal or missing in study.yml",
        "请去掉千位分隔符和单位，或在 study.yml 中说明 decimal 或 missing",
    ),
    "decimal comma": (
        'if the comma is a decimal comma, say decimal: "," in study.yml',
        '如果逗号是小数点，请在 study.yml 中写 decimal: ","',
    ),
    "write boolean": ("write yes or no", "请写 yes 或 no（是或否）"),
    "map word": (
        "correct it, or map it in study.yml: values: {{{column}: {{{word}: <one of these>}}}}",
        "请改正，或在 study.yml 中对应：values: {{{column}: {{{word}: <上述之一>}}}}",
    ),
    "give rate": (
        "give its rate in study.yml: cleaning: {{exchange_rates: {{{word}: <units of the "
        "study's currency for one>}}}}",
        "请在 study.yml 中给出汇率："
        "cleaning: {{exchange_rates: {{{word}: <折合本研究货币的数额>}}}}",
    ),
    "second time": ("{values} a second time", "{values} 重复出现"),
    "keep one": ("keep one of the rows", "请只保留其中一行"),
    "greater": (
        "{first} {low} after or above {second} {high}",
        "{first} {low} 大于 {second} {high}",
    ),
    "in order": ("{first} not after or above {second}", "{first} 不晚于（不大于）{second}"),
    "correct order": ("correct one of the two", "请改正二者之一"),
    # --- judgements -----------------------------------------------------------------------------
    "a judgement": (
        "a number or a fraction such as 1/3, on Saaty's scale from 1/9 to 9",
        "Saaty 标度 1/9 至 9 之间的数，或 1/3 这样的分数",
    ),
    "judge again": (
        "correct it; where a spreadsheet made a date of 1/3, format the column as text",
        "请改正；若表格软件把 1/3 变成了日期，请先将该列设为文本格式",
    ),
    "on the diagonal": ("{value} for '{name}' against itself", "“{name}”与自身比较得 {value}"),
    "one on the diagonal": ("1, or no row", "1，或不写此行"),
    "take out row": ("take the row out", "请删去该行"),
    "not reciprocal": (
        "{value} against {other} in row {row} for the pair turned round",
        "{value}，而第 {row} 行的反向比较是 {other}",
    ),
    "not reciprocal there": (
        "{value} against {other} in cell {cell} for the pair turned round",
        "{value}，而单元格 {cell} 的反向比较是 {other}",
    ),
    "a reciprocal": ("the reciprocal of the other", "二者互为倒数"),
    "keep one judgement": ("keep the one that was meant", "请保留本意的那一个"),
    "correct element": (
        "correct it, or the hierarchy in study.yml{near}",
        "请改正，或改正 study.yml 中的层次结构{near}",
    ),
    "no choice": (
        "take the rows out, or name the criteria under selection in study.yml",
        "请删去这些行，或在 study.yml 的 selection 中写明准则",
    ),
    "not judged": (
        "no judgement of expert '{expert}' on matrix '{matrix}'",
        "专家“{expert}”没有判断矩阵“{matrix}”",
    ),
    "in parts": (
        "judgements of expert '{expert}' on matrix '{matrix}' in {count} parts that nothing "
        "links: {parts}",
        "专家“{expert}”对矩阵“{matrix}”的判断分成互不相连的 {count} 部分：{parts}",
    ),
    "linked": (
        "judgements that link every element to every other, through others if need be",
        "能把所有要素直接或间接连起来的判断",
    ),
    "link parts": (
        "judge for instance '{one}' against '{other}'",
        "请补充判断，例如“{one}”与“{other}”的比较",
    ),
    # --- judgements on sheets -------------------------------------------------------------------
    "is without judgements": (
        "holds no judgements: no square, no filled-in form, no columns row, column and value",
        "中没有判断：没有方阵，没有填好的问卷，也没有 row、column、value 三列",
    ),
    "a square": (
        "names in the first row and the first column with judgements between them, or the form",
        "第一行和第一列为名称、其间为判断的方阵，或填好的问卷",
    ),
    "see form": (
        "compare it with judgement_form.xlsx of data/template; in a CSV file check delimiter",
        "请对照 data/template 中的 judgement_form.xlsx；CSV 文件请检查 delimiter",
    ),
    "no matrix": ("judgements on no named matrix", "没有写明是哪个矩阵的判断"),
    "a matrix": (
        "a matrix of study.yml in the corner cell",
        "在左上角单元格写明 study.yml 中的矩阵",
    ),
    "write corner": (
        "write the name of the matrix into the corner cell, or call the sheet so",
        "请在左上角单元格写上矩阵名称，或以其命名工作表",
    ),
    "names of square": (
        "one of the names in its first row: {names}",
        "第一行中的名称之一：{names}",
    ),
    "same names": (
        "write the same names in the first row and the first column{near}",
        "第一行和第一列请写相同的名称{near}",
    ),
    "nameless": ("{value} without a name", "{value}，没有名称"),
    "name both": (
        "write the two names that are compared, or clear the cell",
        "请写上相比较的两个名称，或清空该单元格",
    ),
    "marks": ("{count} marks for one pair", "同一对比较有 {count} 个标记"),
    "one mark": ("one mark in a row", "每行一个标记"),
    "leave one mark": ("leave the one that was meant", "请只留本意的那一个"),
    "a mark": ("a mark such as x, or the number above it", "x 之类的标记，或上方的数字"),
    "mark cell": ("put a mark into the cell below the number", "请在该数字下方的单元格打标记"),
    "expert again": (
        "expert '{expert}' again, whose judgements are in {file} already",
        "专家“{expert}”再次出现，其判断已在 {file} 中",
    ),
    "matrix again": (
        "matrix '{matrix}' of expert '{expert}' a second time",
        "专家“{expert}”的矩阵“{matrix}”重复出现",
    ),
    "expert once": ("every expert once", "每位专家只出现一次"),
    "say expert": (
        "write who judged beside 'expert', or rename the file; of one person's two keep one",
        "请在“专家”旁写明是谁，或给文件改名；同一人的两份请只留一份",
    ),
    "matrix once": ("every matrix once", "每个矩阵只出现一次"),
    "keep one square": ("keep one of the two", "请只保留其中一个"),
    # --- CRM systems ----------------------------------------------------------------------------
    "correct criterion": (
        "correct it, or name it in study.yml under selection: criteria{near}",
        "请改正，或在 study.yml 的 selection: criteria 中写明{near}",
    ),
    "correct system": (
        "correct it, or name it in study.yml under selection: systems{near}",
        "请改正，或在 study.yml 的 selection: systems 中写明{near}",
    ),
    "rate on scale": (
        "correct the value, or the scale of {criterion} in study.yml under selection: criteria",
        "请改正该值，或在 study.yml 的 selection: criteria 中改正 {criterion} 的量表",
    ),
    "each cell": (
        "each system of the selection on each criterion: rated, measured, or judged in pairs",
        "选型中的每个系统在每个准则上：有评分、有实测数值，或经过两两比较",
    ),
    "complete systems": (
        "complete the table systems or the judgements, or correct selection in study.yml",
        "请补全 systems 表或专家判断，或改正 study.yml 中的 selection",
    ),
    # --- what study.yml names -------------------------------------------------------------------
    "nothing to name": ("none: the table has no attribute", "无：该表没有附加属性"),
    "each pair": (
        "each pair of the hierarchy in study.yml, once an expert",
        "study.yml 层次结构中的每一对，每位专家各判断一次",
    ),
    "judge hierarchy": (
        "complete the judgements, or correct the hierarchy in study.yml",
        "请补全判断，或改正 study.yml 中的层次结构",
    ),
    "correct name": ("correct the name in study.yml{near}", "请改正 study.yml 中的名称{near}"),
    "only tables": ("only {words}", "只有 {words}"),
    "one table needed": (
        "at least one of transactions, survey, judgements",
        "至少要有 transactions、survey、judgements 之一",
    ),
    "add a table": ("add one of them to study.yml", "请在 study.yml 中添加其中之一"),
    "purpose without consents": (
        "{purpose}, and no table consents in {dataset}",
        "用途为 {purpose}，但 {dataset} 没有 consents 表",
    ),
    "consents for purpose": (
        "a purpose where a table consents says who agreed to it",
        "只有存在记录客户同意情况的 consents 表时才能指定用途",
    ),
    "add consents": (
        "add the table to study.yml, or leave purpose empty",
        "请在 study.yml 中添加该表，或将 purpose 留空",
    ),
}
