"""Company names as they stand in Chinese customer archives: place, trade name, trade and legal form.

All of them are made up; likeness to a real company is chance.
"""

# ruff: noqa: SIM905 - words in running text are easier to read and to mend than lists of literals

from __future__ import annotations

from typing import Final, NamedTuple

from u8sync.sandbox.dice import Dice

__all__ = ["CompanyName", "Names"]

PLACES: Final = tuple(
    (entry[:-4], entry[-4:])
    for entry in (
        "北京1101 天津1201 石家庄1301 唐山1302 保定1306 太原1401 大同1402 呼和浩特1501 沈阳2101 大连2102 长春2201 "
        "哈尔滨2301 上海3101 南京3201 无锡3202 徐州3203 常州3204 苏州3205 南通3206 扬州3210 杭州3301 宁波3302 温州3303 "
        "嘉兴3304 湖州3305 绍兴3306 金华3307 台州3310 合肥3401 芜湖3402 福州3501 厦门3502 泉州3505 南昌3601 济南3701 "
        "青岛3702 烟台3706 潍坊3707 临沂3713 郑州4101 洛阳4103 武汉4201 宜昌4205 襄阳4206 长沙4301 株洲4302 广州4401 "
        "深圳4403 珠海4404 佛山4406 惠州4413 东莞4419 中山4420 南宁4501 柳州4502 海口4601 重庆5001 成都5101 绵阳5107 "
        "贵阳5201 昆明5301 西安6101 宝鸡6103 兰州6201 西宁6301 银川6401 乌鲁木齐6501"
    ).split()
)
"""City and the first four digits of its administrative code (GB/T 2260), used as the district code."""

FIRST: Final = "明恒瑞华鑫宏德嘉天盛永泰金兴康正友信达通博远创立佳美源丰顺安诚锦凯隆亿万和众联新东海百润腾飞启中"
SECOND: Final = "远达丰源泰隆昌盛辉宇洋程海峰腾业成和兴旺诚信顺利安康力特科创维美佳景润泽邦联合通明翔"
TRADES: Final = tuple(
    (
        "五金 机电 电子 建材 塑胶 包装 纺织 服饰 食品 医疗器械 汽车配件 机械 自动化 电气 照明 家具 化工 涂料 仪表 轴承 "
        "阀门 模具 紧固件 电缆 环保 物资 商贸 贸易 实业 工贸 科技 供应链 进出口 装饰 印刷 文具 百货 农业 水暖 工具"
    ).split()
)
FORMS: Final = ("有限公司",) * 10 + ("有限责任公司", "股份有限公司", "集团有限公司", "厂", "经营部", "商行")
SURNAMES: Final = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何林高罗"

ENGLISH_FIRST: Final = tuple(
    (
        "Harbor Summit Pacific Northern Golden Crescent Maple Liberty Sterling Atlas Beacon Cedar Delta Eagle Falcon "
        "Granite Horizon Island Juniper Keystone Lakeside Meridian Nova Orchard Pioneer Quarry River Silver Trident "
        "Union Valley Westgate"
    ).split()
)
ENGLISH_SECOND: Final = tuple(
    "Bay Bridge Brook Coast Creek Field Ford Gate Hill Lane Mark Mill Point Port Ridge Rock Star Stone Wood".split()
)
ENGLISH_TRADES: Final = tuple(
    "Tools Hardware Trading Industrial Fasteners Supply Imports Machinery Electric Components".split()
)
ENGLISH_FORMS: Final = ("Inc.", "LLC", "Ltd.", "Co., Ltd.", "GmbH")


class CompanyName(NamedTuple):
    """A company as the archive names it.

    Attributes:
        full: ``cCusName``.
        short: ``cCusAbbName``, never given twice.
        district: ``cDCCode``; null for a company abroad.
        trade: ``cTrade``; null for a company abroad.
    """

    full: str
    short: str
    district: str | None
    trade: str | None


class Names:
    """Makes names, none twice."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice
        self._given: set[str] = set()

    def domestic(self) -> CompanyName:
        """A company in China."""
        pick = self._dice.pick
        while True:
            place, district = pick(PLACES)
            form, trade = pick(FORMS), pick(TRADES)
            # A small shop is named after its owner, a company after good fortune.
            word = pick(SURNAMES) + pick(FIRST) if form in {"经营部", "商行"} else pick(FIRST) + pick(SECOND)
            short = f"{place}{word}{trade}"
            if short not in self._given:
                break
        self._given.add(short)
        full = f"{word}{trade}（{place}）{form}" if self._dice.chance(0.06) else f"{short}{form}"
        return CompanyName(full, short, district, trade)

    def abroad(self) -> CompanyName:
        """A company outside China."""
        pick = self._dice.pick
        base = f"{pick(ENGLISH_FIRST)} {pick(ENGLISH_SECOND)} {pick(ENGLISH_TRADES)}"
        short, number = base, 1
        while short in self._given:
            number += 1
            short = f"{base} {number}"
        self._given.add(short)
        return CompanyName(f"{short} {pick(ENGLISH_FORMS)}", short, None, None)
