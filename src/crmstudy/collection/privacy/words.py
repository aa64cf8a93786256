"""Words that decide: names of columns that hold persons, and names that are ordinary words."""

_DIRECT = """
name full_name fullname first_name firstname last_name lastname surname given_name family_name
email e_mail mail email_address phone phone_number telephone tel mobile mobile_phone cell
cellphone fax address street street_address home_address wechat weixin qq whatsapp id_card
id_number identity_number passport passport_number ssn iban bank_account account_number
credit_card card_number ip ip_address device_id license_plate 姓名 名字 客户姓名 顾客姓名 联系人
电话 电话号码 联系电话 手机 手机号 手机号码 邮箱 电子邮箱 电子邮件 地址 住址 详细地址 家庭住址
收货地址 微信 微信号 qq号 身份证 身份证号 身份证号码 护照 护照号 银行卡 银行卡号 银行账号 车牌号
電話 手機 郵箱 電子郵件 身份證 微信號
"""

_ORDINARY = """
高兴 方便 安静 温暖 成功 和平 马上 高峰 文明 黄金 白云 金星 平安 明白 方法 方向 安全 高级 高速
高度 高中 周末 周年 周围 金额 金色 白色 黄色 时间 时候 时尚 任何 任务 于是 于此 从来 从此 向来
常常 常见 满意 满足 包括 包装 包邮 单位 单价 单独 计划 计算 应该 应当 项目 程度 程序 成本 成为
成立 成长 成熟 关于 关注 关心 关系 关键 那么 那些 都是 都有 何时 何必 谢谢 顾客 易用 易碎 习惯
古老 全部 全面 全新 强大 路上 路线 万一 云南 江西 江苏 江南 河南 安徽 石头 牛奶 鱼肉 花茶 水果
经常 經常 車上 简单 干净
"""

#: Attributes that the contract does not know, whose names say that they single out a person.
DIRECT_NAMES = frozenset(_DIRECT.split())

#: Names of persons, of two signs, that are ordinary words far more often.
ORDINARY = frozenset(_ORDINARY.split())
