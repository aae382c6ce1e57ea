"""The shipped firmware of a slaughter line on the real interpreter: carcasses on the rail, tags at the reader."""

import functools
from pathlib import Path

from tracewire import cbor, record

from simulators.printer import Printer
from simulators.rail_process import RailProcess, frame, lot_card
from tests.firmware.evidence import bodies, history, kinds, stop
from tests.firmware.rail.line import BUYER, MORE_PIGS, PIGS, SETUP, Tell, bring_lot, tag, weigh


def test_a_carcass_and_its_tag_make_one_signed_record_under_the_lot(
    at_the_line: Tell, image: Path, flash: Path
) -> None:
    async def story(line: RailProcess) -> None:
        await bring_lot(line)
        await weigh(line, 91_200, tag(1))

    at_the_line(story)
    records = history(image, flash)
    assert kinds(records) == ["boot", "document", "document", "document", "weighing", "carcass"]
    carcass = records[-1]
    assert carcass.totals == (1, 91_200, 0)
    assert carcass.body.pop("carcass").endswith("0000001")
    assert carcass.body == {
        "lot": PIGS, "hot_grams": 91_200, "side": 0, "ear_tag": tag(1), "weighing_back": 1,
    }  # fmt: skip


async def morning_at_speed(line: RailProcess, masses: dict[int, int]) -> None:
    """Twenty loads: one without a tag, one whose tag was weighed before, one condemned and destroyed at the end."""
    await bring_lot(line)
    for number, grams in masses.items():
        await line.hang(grams)
        if number == 7:  # no tag, no hook: it gets a number when it moves on
            await line.wait_for_rest(grams)
            await line.take_off()
            await line.wait_for_message("无耳标 挂钩 1000007")
            await line.wait_for_beep("flagged")
            continue
        if number == 12:  # wears the tag of the eleventh
            await line.read_tag(tag(3))
            await line.wait_for_message("耳标重复")
            await line.wait_for_beep("refused")
            await line.wait_for_rest(grams)
            await line.take_off()
            continue
        await line.read_tag(tag(number))
        await line.wait_for_beep("done")
        if number == 15:
            await line.press("digit1")
            await line.wait_for_message("已判不合格")
        await line.take_off()
    await line.press("digit2")
    await line.wait_for_message("处置称重")
    await line.hang(masses[15] - 900)
    await line.wait_for_message("已处置 1 头")
    await line.take_off()


def test_a_morning_at_speed_counts_every_carcass_once(at_the_line: Tell, image: Path, flash: Path) -> None:
    masses = {number: 86_000 + 700 * number for number in range(1, 21)}

    at_the_line(functools.partial(morning_at_speed, masses=masses))
    records = history(image, flash)
    carcasses = bodies(records, record.CARCASS)
    assert [body["hot_grams"] for body in carcasses] == [mass for number, mass in masses.items() if number != 12]
    assert [body.get("ear_tag") for body in carcasses] == [
        None if number == 7 else tag(number) for number in masses if number != 12
    ]
    assert len({body["carcass"] for body in carcasses}) == 19
    assert len(bodies(records, record.WEIGHING)) == 21
    assert [body["detail"] for body in bodies(records, record.AUDIT)] == [tag(3)]
    condemned = carcasses[13]
    assert bodies(records, record.TEST) == [
        {"lot": condemned["carcass"], "sample": tag(15), "item": "宰后检验", "method": 0, "result": 2}
    ]
    assert bodies(records, record.MOVEMENT) == [
        {
            "movement": 5, "inputs": ((condemned["carcass"], masses[15]),),
            "waste_grams": masses[15] - 900, "weighing_back": 1,
        }
    ]  # fmt: skip


def test_a_tag_may_be_read_before_its_carcass_hangs_and_a_hook_waits_for_a_late_tag(
    at_the_line: Tell, image: Path, flash: Path
) -> None:
    async def story(line: RailProcess) -> None:
        await bring_lot(line)
        await line.read_tag(tag(1))
        await line.hang(90_000)
        await line.wait_for_beep("done")
        await line.take_off()
        await line.read_hook(12)
        await line.hang(91_000)
        await line.wait_for_rest(91_000)
        await line.read_tag(tag(2))
        await line.wait_for_beep("done")
        await line.take_off()
        await line.read_hook(13)
        await line.hang(92_000)
        await line.wait_for_message("无耳标 挂钩 13")
        await line.wait_for_beep("flagged")
        await line.read_tag(tag(3))
        await line.wait_for_message("耳标读取过晚")
        await line.take_off()

    at_the_line(story)
    carcasses = bodies(history(image, flash), record.CARCASS)
    assert [(body.get("ear_tag"), body.get("hook")) for body in carcasses] == [(tag(1), None), (tag(2), 12), (None, 13)]


def test_without_a_lot_a_load_is_a_weight_and_nobodys_carcass(at_the_line: Tell, image: Path, flash: Path) -> None:
    async def story(line: RailProcess) -> None:
        await line.hang(90_000)
        await line.read_tag(tag(1))
        await line.wait_for_message("请刷批次卡")
        await line.wait_for_beep("refused")
        await bring_lot(line)
        await line.wait_for_beep("done")  # it still hangs, so the lot's card is enough
        await line.take_off()
        await line.press("clear")
        await line.wait_for_text("请刷批次卡")
        await line.hang(50_000)
        await line.wait_for_rest(50_000)
        await line.take_off()
        await line.wait_for_message("请刷批次卡")

    at_the_line(story)
    records = history(image, flash)
    assert [body["hot_grams"] for body in bodies(records, record.CARCASS)] == [90_000]
    assert [body["net_grams"] for body in bodies(records, record.WEIGHING)] == [90_000, 50_000]


def test_a_line_that_wakes_under_a_load_says_what_mends_its_zero_once_the_load_is_gone(at_the_line: Tell) -> None:
    async def story(line: RailProcess) -> None:
        await line.kill()
        await line.put_load(20_000)
        await line.start()
        await line.wait_for_lamp("zero")
        await line.remove_load()
        await line.wait_until(lambda: "请清空后断电重启" in line.screen[1])
        await line.press("zero")
        await line.wait_until(lambda: "请清空后断电重启" in line.screen[2])
        await line.restart()
        await line.wait_until(lambda: line.screen[1] == "→0←")

    at_the_line(story)


def test_what_cannot_be_a_tag_is_refused_in_words(at_the_line: Tell, image: Path, flash: Path) -> None:
    async def story(line: RailProcess) -> None:
        await bring_lot(line)
        await line.hang(90_000)
        for said, answer in (
            ("$E135082140018201*00", "读卡器信号有误"),
            ("noise", "读卡器信号有误"),
            (frame("E", "235082140018201"), "耳标畜种不符"),
            (frame("E", "199082140018201"), "耳标县区码有误"),
            (frame("E", "135082100000000"), "耳标编号有误"),
        ):
            await line.read_frame(said)
            await line.wait_for_beep("refused")
            await line.wait_for_message(answer)
        await line.read_tag(tag(1))
        await line.wait_for_beep("done")

    at_the_line(story)
    records = history(image, flash)
    assert len(bodies(records, record.CARCASS)) == 1
    told = [body["detail"] for body in bodies(records, record.AUDIT)]
    assert told == ["tag.checksum", "tag.frame", "tag.species", "tag.county", "tag.animal"]


def test_a_lots_certificates_are_recorded_once_and_new_ones_are_added(
    at_the_line: Tell, image: Path, flash: Path
) -> None:
    alive, product, quality = (2, "3508210098765"), (4, "3502000112233"), (5, "厦品检2026-112207")

    async def present(line: RailProcess, lot: str, origin: str, *certificates: tuple[int, str]) -> None:
        await line.present_card(lot_card(lot, origin, certificates=certificates))
        await line.wait_for_message("批次 " + origin)

    async def story(line: RailProcess) -> None:
        await line.present_card(lot_card(PIGS, "绿源", certificates=(product, quality)))
        await line.wait_for_message("批次卡无动物检疫证")
        await present(line, PIGS, "绿源", alive)
        await present(line, MORE_PIGS, "河田", alive)
        await present(line, PIGS, "绿源", alive, product, quality)
        await line.press("plu2")
        await line.wait_for_message("批次 河田")
        await line.press("plu3")
        await line.wait_for_message("此键无批次")
        await line.press("plu1")
        await line.wait_for_message("批次 绿源")
        await line.restart()
        await line.wait_for_text("1号批次 绿源")
        await weigh(line, 90_000, tag(1))

    at_the_line(story)
    documents = [(body["lot"], body["document"]) for body in bodies(history(image, flash), record.DOCUMENT)]
    assert documents == [(PIGS, 2), (MORE_PIGS, 2), (PIGS, 4), (PIGS, 5)]


def test_a_buyers_card_takes_the_lots_carcasses_and_two_vouchers_are_printed(
    at_the_line: Tell, image: Path, flash: Path
) -> None:
    buyer = cbor.encode({1: record.pack_digits(BUYER), 2: "八市12号", 3: []})
    slips: list[bytes] = []

    async def story(line: RailProcess) -> None:
        await line.present_card(lot_card(PIGS, "绿源养殖场", certificates=((2, "3508210098765"),)))
        await line.wait_for_message("批次 绿源")
        await weigh(line, 90_000, tag(1))
        await line.hang(91_000)
        await line.read_tag(tag(2))
        await line.wait_for_beep("done")
        await line.press("digit1")
        await line.wait_for_message("已判不合格")
        await line.take_off()
        await line.present_card(buyer)
        await line.wait_for_message("缺产品检疫证")
        await bring_lot(line)
        await weigh(line, 92_000, tag(3))
        await line.set_printer("paper_out")
        await line.present_card(buyer)
        await line.wait_for_message("打印机缺纸")
        await line.set_printer("ok")
        await line.restart()  # what is owed outlives the power
        await line.press("digit3")
        slips.extend([await line.next_slip(), await line.next_slip()])
        await line.wait_for_message("已补打 2 张，还有 0 张")
        await line.present_card(buyer)
        await line.wait_for_message("无可出证胴体")

    at_the_line(story)
    records = history(image, flash)
    movement = next(statement for statement in records if statement.kind == record.MOVEMENT)
    first, _, third = bodies(records, record.CARCASS)
    assert movement.body["inputs"] == ((first["carcass"], 90_000), (third["carcass"], 92_000))
    assert movement.body["outputs"] == ((movement.body["voucher"], 182_000),)
    assert (movement.body["movement"], movement.body["to_party"]) == (1, BUYER)
    of_goods, of_ledger = (Printer().render(slip) for slip in slips)
    assert "随货联" in of_goods.lines
    assert "存根联" in of_ledger.lines
    for text in ("上市凭证", "银祥肉联厂", BUYER, "白条猪肉", "绿源养殖场", "3502000112233", "厦品检2026-112207"):
        assert any(text in line for line in of_goods.lines), text
    assert any("182.000" in line for line in of_goods.lines)
    assert of_goods.codes[0][0] == SETUP.trace_url + str(movement.body["voucher"])


def test_a_suspended_buyer_takes_nothing_from_the_line(at_the_line: Tell, image: Path, flash: Path) -> None:
    buyer = cbor.encode({1: record.pack_digits(BUYER), 2: "八市12号", 3: []})

    async def story(line: RailProcess) -> None:
        await bring_lot(line)
        await weigh(line, 90_000, tag(1))
        await line.present_card(buyer)
        await line.wait_for_message("商户已暂停经营，请到市场办公室")

    stop(image, flash, [BUYER])
    at_the_line(story)
    records = history(image, flash)
    assert [body["detail"] for body in bodies(records, record.AUDIT)] == ["card.suspended"]
    assert "movement" not in kinds(records)
