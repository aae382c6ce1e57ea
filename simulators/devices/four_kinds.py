"""The four kinds of device on the page: rail scale, terminal, counter scale, handheld."""

from simulators.devices.kinds import Goods, Key, Keys, Kind, Lamp, Pan, Words


def _digit(number: int, label: Words | None = None) -> Key:
    return Key(f"digit{number}", label or Words(str(number), str(number)), str(number))


_STABLE = Lamp("stable", Words("稳定", "stable"), "green")
_ZERO = Lamp("zero", Words("零位", "zero"), "green")
_NET = Lamp("net", Words("去皮", "net"), "amber")
_LINK = Lamp("link", Words("联网", "link"), "blue")
_PENDING = Lamp("pending", Words("待传", "pending"), "amber")
_ALARM = Lamp("alarm", Words("报警", "alarm"), "red")
_WEIGHING_LAMPS = (_STABLE, _ZERO, _NET, _LINK, _PENDING, _ALARM)

_KEYPAD = Keys("digits", 3, tuple(_digit(n) for n in (7, 8, 9, 4, 5, 6, 1, 2, 3, 0)))
_ZERO_KEY = Key("zero", Words("置零", "Zero"), "z")
_TARE_KEY = Key("tare", Words("去皮", "Tare"), "t")

COUNTER_SCALE = Kind(
    name="counter_scale",
    label=Words("溯源电子秤", "Counter scale"),
    model="CX-S15 · Max 15 kg · e = 5 g",
    lamps=_WEIGHING_LAMPS,
    keypad=(
        Keys("goods", 4, tuple(Key(f"plu{n}", Words(f"商品 {n}", f"PLU {n}"), f"F{n}") for n in range(1, 9))),
        _KEYPAD,
        Keys("functions", 1, (_ZERO_KEY, _TARE_KEY, Key("clear", Words("清除", "Clear"), "c"))),
    ),
    pan=Pan(
        style="plate",
        goods=(
            Goods("bowl", Words("不锈钢碗", "Steel bowl"), 185),
            Goods("belly", Words("五花肉", "Pork belly"), 520),
            Goods("ribs", Words("排骨", "Ribs"), 1200),
            Goods("crate", Words("整筐肉", "Full crate"), 16_500),
        ),
        loose_grams=5000,
    ),
    has_printer=True,
    has_case_switch=True,
)
"""The scale of a retail stall (``firmware/app/scale``); the full crate is there to show overload."""

RAIL_SCALE = Kind(
    name="rail_scale",
    label=Words("轨道秤", "Rail scale"),
    model="CX-R300 · Max 300 kg · e = 100 g",
    lamps=_WEIGHING_LAMPS,
    keypad=(
        Keys("lots", 4, tuple(Key(f"plu{n}", Words(f"批次 {n}", f"Lot {n}"), f"F{n}") for n in range(1, 9))),
        Keys(
            "actions",
            3,
            (
                _digit(7),
                _digit(8),
                _digit(9, Words("9 铭牌", "9 Plate")),
                _digit(4),
                _digit(5),
                _digit(6),
                _digit(1, Words("1 判不合格", "1 Condemn")),
                _digit(2, Words("2 处置称重", "2 Destroy")),
                _digit(3, Words("3 重打凭证", "3 Reprint")),
                _digit(0, Words("0 无耳标", "0 No tag")),
            ),
        ),
        Keys("functions", 1, (_ZERO_KEY, _TARE_KEY, Key("clear", Words("批次离线", "Lot off"), "c"))),
    ),
    pan=Pan(
        style="rail",
        goods=(
            Goods("hook", Words("空钩", "Empty hook"), 3_500),
            Goods("side", Words("半胴体", "Side"), 45_800),
            Goods("carcass", Words("胴体", "Carcass"), 91_200),
            Goods("heavy", Words("大胴体", "Large carcass"), 118_600),
        ),
        loose_grams=150_000,
        step_grams=100,
    ),
    has_printer=True,
    has_case_switch=True,
)
"""The scale of a slaughter line (``firmware/app/rail``); an empty hook and a trolley are no carcass."""

TERMINAL = Kind(
    name="terminal",
    label=Words("溯源IC卡终端机", "IC-card terminal"),
    model="CX-T150 · Max 150 kg · e = 50 g",
    lamps=_WEIGHING_LAMPS,
    keypad=(
        Keys("lots", 4, tuple(Key(f"plu{n}", Words(f"批次 {n}", f"Lot {n}"), f"F{n}") for n in range(1, 9))),
        _KEYPAD,
        Keys(
            "functions",
            1,
            (
                _ZERO_KEY,
                _TARE_KEY,
                Key("set", Words("成交", "Deal"), "Enter"),
                Key("clear", Words("清除", "Clear"), "c"),
            ),
        ),
    ),
    pan=Pan(
        style="platform",
        goods=(
            Goods("tote", Words("周转筐", "Tote"), 2_100),
            Goods("box", Words("一筐肉", "Tote of meat"), 12_500),
            Goods("half", Words("半片猪", "Half a pig"), 42_800),
            Goods("stack", Words("一车肉", "Cartload"), 165_000),
        ),
        loose_grams=60_000,
        step_grams=50,
    ),
    has_printer=True,
    has_case_switch=True,
)
"""The terminal of a wholesale hall (``firmware/app/terminal``); the cartload is there to show overload."""

HANDHELD = Kind(
    name="handheld",
    label=Words("定位手持机", "GPS handheld"),
    model="CX-H1",
    lamps=(_LINK, _PENDING, _ALARM),
    keypad=(
        Keys(
            "handset",
            3,
            (
                *(_digit(n) for n in range(1, 10)),
                Key("clear", Words("退回", "Back"), "c"),
                _digit(0),
                Key("enter", Words("确认", "OK"), "Enter"),
            ),
        ),
    ),
)
"""An inspector's handheld (``firmware/app/handheld``): it weighs nothing and has no printer."""
