"""The prose around the data dictionary, in English and in Chinese."""

from __future__ import annotations

_EN = {
    "opening": """
# Data dictionary

What each table and column of a study means and may hold: all you need to fill in the files
beside your `study.yml`. [中文版](data-dictionary.zh.md)

This page is made from the contracts in `src/crmstudy/collection/contracts/` by
`python -m crmstudy.collection.contracts.dictionary`; do not edit it. The same list as a
table for Excel is `data/template/dictionary.csv`.
""",
    "tables": """
## Tables

A study needs one of transactions, survey and judgements. Every other table is optional: a
chapter that lacks its table says so and goes on.
""",
    "overview_head": "table|a row is|channel|needed",
    "needed": "one of transactions, survey, judgements",
    "optional": "optional",
    "files": """
## Files

- **Formats**: `.csv`, `.parquet`, `.xlsx` (Excel) and `.sav` (SPSS, labels are kept). The first
  row of a CSV file or sheet holds the names of the columns, each following row one record.
- **Encoding** of a CSV file: UTF-8, with or without a byte-order mark. For another one write
  `encoding: gb18030`, `encoding: big5`, or the name of any other.
- **Dates**: `2026-01-31`, or `2026-01-31 14:05` with a time, in local time and without a time
  zone. For another form write `date_format: "%d.%m.%Y"` (`%d` day, `%m` month, `%Y` year, `%H`
  hour, `%M` minute).
- **Numbers**: `1234.5`, without a thousands separator, a unit or a currency sign. For a decimal
  comma write `decimal: ","` (then the `delimiter` is usually `";"`).
- **Yes and no**: `yes`, `true`, `1`, `y`, `t` or `是`; `no`, `false`, `0`, `n`, `f` or `否`.
- **Missing values**: leave the cell empty. Codes that stand for "no value" are named in
  `missing: [-99, k.A.]`.
- **Identifiers** are text: `007` and `7` are two customers. The same customer needs the same
  identifier in all tables.
- **Further columns** are kept as attributes under their own names, as text; `kinds: {age:
  number}` reads one as a number. Attributes of customers can be compared in chapter 02.
- **Privacy**: give no names, e-mail addresses or phone numbers unless they are needed to link
  records; they are taken out after linking.

Check your files as often as you like: `python study.py check mine` lists every problem with
file, row, column, what was found, what is allowed and what to do.

## Keys of a table in study.yml

```yaml
tables:
  transactions:
    file: sales_2025.csv
    columns: {customer_id: Kundennummer, ordered_at: Datum, revenue: Umsatz}
    encoding: gb18030
    delimiter: ";"
    decimal: ","
    date_format: "%d.%m.%Y"
    missing: [-99, k.A.]
    units: {revenue: 0.01}
    values: {channel: {网店: web, 门店: store}}
    kinds: {age: number}
    owner: Sales department
```

| key | meaning | default |
| --- | --- | --- |
| `file` | the file, beside study.yml | one of `file`, `open`, `simulated` is needed |
| `columns` | our name: the name in your file | the names are ours |
| `encoding` | how the text of a CSV file is coded | utf-8 |
| `delimiter` | the sign between two columns | `,` |
| `decimal` | the sign before decimals: `.` or `,` | `.` |
| `date_format` | how dates are written | 2026-01-31 or 2026-01-31 14:05 |
| `missing` | codes that mean: no value | none beside the empty cell |
| `sheet` | the sheet of an .xlsx file | the first |
| `units` | column: the factor it is multiplied by; 0.01 turns cents into euros | 1 |
| `values` | column: {your word: our word} | the words are ours |
| `kinds` | further column: id, text, number, integer, date or boolean | text |
| `note` | stands under every exhibit made from the table | nothing |
| `remark` | stands under the first exhibit of a chapter | nothing |
| `owner` | who keeps the data (collection plan) | not stated |
| `frequency` | how often they are collected (collection plan) | what is usual |
| `legal_basis` | on which basis they are processed (collection plan) | what is usual |

## How to read the lists below

*Required*: without the column the table is refused. *May be empty*: single cells may be. The
*key* tells rows apart: no two rows may agree in all of its columns.

| privacy | what the column says of a person |
| --- | --- |
| none | nothing |
| direct | identifies directly: name, e-mail address, phone; used to link records, then taken out |
| pseudonym | an identifier; replaced by a keyed pseudonym |
| quasi | may single somebody out together with others; published only in groups large enough |
| sensitive | what a person would not want known |
| words | free words, which may hold any of these; names and addresses in them are masked |

## Columns
""",
    "row": "A row is",
    "key": "Key",
    "no_key": "none, rows may repeat",
    "channel": "Channel",
    "need": "Needed",
    "frequency": "Usually collected",
    "basis": "Usual legal basis (GDPR, Art. 6)",
    "order": "Order within a row",
    "colon": ": ",
    "column_head": ("column|meaning|kind|required|may be empty|unit|allowed|privacy|example"),
    "customers": (
        "Any further column, such as age or membership level, is an attribute by which chapter 02 "
        "can compare groups. `referred_by` holds a `customer_id` of this table; who is not in it, "
        "or is left out, is emptied and counted, and so is the customer's own identifier."
    ),
    "transactions": (
        "Without `basket_id` all lines of a customer on one day count as one purchase. A returned "
        "line has negative revenue and quantity, or the status returned."
    ),
    "subscriptions": (
        "For contracts that are paid period by period until somebody ends them: clubs, tariffs, "
        "maintenance. What they bring is taken from `fee`; do not list it in transactions as well."
    ),
    "contacts": (
        "What a customer pays for the service stands in `fee`, 0 where it was free; do not list it "
        "in transactions as well. `cost` is a ticket's own share of the service cost; if `costs` "
        "book service too, they are the same money seen from two sides."
    ),
    "survey": (
        "One further column for each item of the `instrument` in study.yml, named as there, with "
        "numbers within the item's scale, empty where it was not answered."
    ),
    "staff_survey": (
        "One further column for each item of the `staff_instrument` in study.yml, named as there."
    ),
    "judgements": (
        "`row`, `column` and `matrix` use the names of the hierarchy in study.yml. A value of 3 "
        "says that `row` outweighs `column` three times, 1/3 the reverse. Pairs may be left out "
        "where others link their elements. Instead of one long table there may be one file an "
        'expert, CSV or XLSX (`file: "experts/*.xlsx"`): the filled-in `judgement_form.xlsx`, or '
        "squares with names in the first row and column, the matrix in the corner cell or as the "
        "name of the sheet, and the expert beside a cell `expert` or as the name of the file."
    ),
    "systems": (
        "`criterion` uses the names of `selection: criteria` in study.yml, which also says the "
        "unit, the scale, and whether larger or smaller is better. Without a scale a value is 0 "
        "or more; "
        "`unit: money` is the study's currency. A criterion may instead be judged in pairs: in "
        "judgements, `matrix` is `selection` for the criteria and `selection.` with the name of a "
        "criterion for the systems under it."
    ),
    "interviews": (
        "Each coder has at least one row for every segment read, with an empty `code` where none "
        "fits; otherwise agreement could not be told from not having read."
    ),
    "mystery_shopping": "To measure agreement, let two assessors score the same visits.",
    "consents": (
        "`analysis`: evaluation as in this study; `marketing`: addressing by campaigns; `survey`: "
        "invitations to surveys; `sharing`: passing on to others."
    ),
}

_ZH = {
    "opening": """
# 数据字典

本页说明一项研究的每张表、每一列是什么含义、可以填什么：照此即可填写与 `study.yml`
放在同一目录的各个数据文件。[English](data-dictionary.md)

本页由 `python -m crmstudy.collection.contracts.dictionary` 根据
`src/crmstudy/collection/contracts/` 中的约定生成，请勿手工修改。
同样内容的 Excel 可读表格见 `data/template/dictionary.csv`。
""",
    "tables": """
## 数据表

一项研究至少需要 transactions（交易）、survey（问卷）、judgements（专家判断）三者之一，
其余各表都可省略：缺少某张表的章节会如实说明，然后继续。
""",
    "overview_head": "表|每行是什么|渠道|是否需要",
    "needed": "transactions、survey、judgements 三者至少有一",
    "optional": "可省略",
    "files": """
## 文件

- **格式**：`.csv`、`.parquet`、`.xlsx`（Excel）和 `.sav`（SPSS，保留标签）。CSV 文件或工作表的
  第一行是列名，以后每行一条记录。
- **CSV 文件的编码**：UTF-8，有无 BOM 均可。其他编码请写明，如 `encoding: gb18030` 或
  `encoding: big5`。
- **日期**：写作 `2026-01-31`，带时间则写 `2026-01-31 14:05`，一律用当地时间，不带时区。其他写法
  请注明，如 `date_format: "%Y年%m月%d日"`（`%Y` 年，`%m` 月，`%d` 日，`%H` 时，`%M` 分）。
- **数字**：写作 `1234.5`，不带千位分隔符、单位和货币符号。若用逗号作小数点，请写
  `decimal: ","`（此时分隔符 `delimiter` 通常是 `";"`）。
- **是与否**：`yes`、`true`、`1`、`y`、`t` 或 `是`；`no`、`false`、`0`、`n`、`f` 或 `否`。
- **缺失值**：单元格留空。代表“无值”的代码写在 `missing: [-99, 不详]` 中。
- **标识符**是文本：`007` 与 `7` 是两位客户。同一客户在各表中必须使用同一标识符。
- **其他列**按原名作为属性保留，读作文本；写 `kinds: {age: number}` 则读作数字。客户的属性可在
  第 02 章中用来比较各组。
- **隐私**：除非关联记录时需要，请勿提供姓名、邮箱和电话；它们在关联之后即被删除。

可以随时检查文件：`python study.py check mine` 一次列出所有问题，每个问题都注明文件、行、列、
发现了什么、允许什么、如何处理（在 study.yml 中写 `language: zh`，则用中文说明）。

## study.yml 中一张表的各个键

```yaml
tables:
  transactions:
    file: 销售明细.csv
    columns: {customer_id: 客户编号, ordered_at: 日期, revenue: 实付金额, channel: 渠道}
    encoding: gb18030
    date_format: "%Y/%m/%d"
    missing: [-99, 不详]
    units: {revenue: 0.01}
    values: {channel: {网店: web, 门店: store}}
    kinds: {age: number}
    owner: 销售部
```

| 键 | 含义 | 默认 |
| --- | --- | --- |
| `file` | 与 study.yml 同目录的文件 | `file`、`open`、`simulated` 必须有且只有一个 |
| `columns` | 本研究的列名: 你的文件中的列名 | 列名与本研究相同 |
| `encoding` | CSV 文件的文字编码 | utf-8 |
| `delimiter` | 两列之间的分隔符 | `,` |
| `decimal` | 小数点：`.` 或 `,` | `.` |
| `date_format` | 日期的写法 | 2026-01-31 或 2026-01-31 14:05 |
| `missing` | 表示“无值”的代码 | 只有空单元格 |
| `sheet` | .xlsx 文件中的工作表 | 第一张 |
| `units` | 列: 所乘的系数；0.01 把“分”换成“元” | 1 |
| `values` | 列: {你的用词: 本研究的用词} | 用词与本研究相同 |
| `kinds` | 其他列的类型：id、text、number、integer、date、boolean | text |
| `note` | 写在由该表得出的每个图表之下 | 无 |
| `remark` | 写在每章第一个图表之下 | 无 |
| `owner` | 数据由谁保管（收集计划） | 未说明 |
| `frequency` | 多久收集一次（收集计划） | 通常做法 |
| `legal_basis` | 依据什么处理（收集计划） | 通常做法 |

## 怎样读下面的列表

*必需*：缺少该列，整张表会被拒绝。*可留空*：个别单元格可以为空。*键*用来区分各行：任何两行不能在
键的所有列上都相同。*类型*一栏中的标识符、文本、数字、整数、日期、是/否，在 study.yml 中依次写作
id、text、number、integer、date、boolean。*允许值*照英文原样填写（或用 `values` 对应）。

| 隐私 | 该列透露了一个人的什么 |
| --- | --- |
| 无 | 什么也没有 |
| 直接标识 | 可直接认出本人：姓名、邮箱、电话；只用于关联记录，随后删除 |
| 假名标识 | 标识符；用带密钥的假名替换 |
| 准标识 | 与其他列合在一起可能认出某个人；只按足够大的组发布 |
| 敏感 | 本人不愿为人所知的内容 |
| 自由文字 | 自由填写的文字，可能含有以上任何内容；其中的姓名、地址会被遮盖 |

## 各表的列
""",
    "row": "每行是什么",
    "key": "键",
    "no_key": "无，行可以重复",
    "channel": "渠道",
    "need": "是否需要",
    "frequency": "通常的收集频率",
    "basis": "通常的法律依据（GDPR 第 6 条）",
    "order": "同一行内的先后或大小",
    "colon": "：",
    "column_head": "列|含义|类型|必需|可留空|单位|允许值|隐私|示例",
    "customers": (
        "其他任何列（如年龄、会员等级）都是属性，第 02 章可用来比较各组。`referred_by` 填本表中的 "
        "某个 `customer_id`；不在本表中或已被剔除的人会被清空并计数，填成客户本人的也一样。"
    ),
    "transactions": (
        "没有 `basket_id` 时，同一客户同一天的所有明细算作一次购买。退货明细的金额和数量为负，"
        "或 `status` 为 returned。"
    ),
    "subscriptions": (
        "适用于按期付费、直到一方终止的合同：会员俱乐部、资费套餐、维护合同。其收入取自 `fee`，"
        "请勿再列入 transactions。"
    ),
    "contacts": (
        "客户为服务支付的金额填在 `fee`，免费则填 0，请勿再列入 transactions。`cost` 是这张工单"
        "自身的服务成本；若 `costs` 也记了服务成本，两者是同一笔钱的两种记法。"
    ),
    "survey": (
        "此外，study.yml 中 `instrument` 的每个题项各占一列，列名相同，填写该题量表范围内的数字，"
        "未作答则留空。"
    ),
    "staff_survey": "此外，study.yml 中 `staff_instrument` 的每个题项各占一列，列名相同。",
    "judgements": (
        "`row`、`column` 和 `matrix` 使用 study.yml 中层次结构的名称。值 3 表示 `row` 的重要性是 "
        "`column` 的三倍，1/3 则相反。只要其余判断能把各要素连起来，个别比较可以缺省。"
        '除一张长表外，也可以每位专家一个文件，CSV 或 XLSX（`file: "experts/*.xlsx"`）：填好的 '
        "`judgement_form.xlsx`，或第一行、第一列为名称的方阵；矩阵名称写在左上角或作为工作表名，"
        "专家写在 `expert`（专家）旁边的单元格或作为文件名。"
    ),
    "systems": (
        "`criterion` 使用 study.yml 中 `selection: criteria` 的名称；单位、量表以及越大还是越小为好"
        "也在那里写明。没有量表时数值不得为负；`unit: money` 即研究的币种。某一准则也可以改用两两"
        "比较：在 judgements 中，`matrix` 写 `selection` 表示比较各准则，写 `selection.` 加准则名"
        "表示比较该准则下的各系统。"
    ),
    "interviews": (
        "每位编码者对读过的每个片段至少有一行；没有合适的编码时 `code` 留空，"
        "否则无法区分“意见一致”与“没有读过”。"
    ),
    "mystery_shopping": "要衡量评分的一致性，请让两位评估员为同一次暗访评分。",
    "consents": (
        "`analysis`：用于本研究这样的分析；`marketing`：用于营销活动；`survey`：用于邀请参加调查；"
        "`sharing`：用于提供给第三方。"
    ),
}

TEXTS: dict[str, dict[str, str]] = {"en": _EN, "zh": _ZH}
