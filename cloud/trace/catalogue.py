"""Every word of the public pages, Chinese and English side by side.

Why one table: a sentence added in one language only is seen at once, by a reader and by the test. Sentences name what
was checked, in words for a person who buys pork, not for an engineer.
"""

LANGUAGES = ("zh", "en")
"""The first is shown to whoever asks for neither."""

HTML_LANGUAGE = {"zh": "zh-CN", "en": "en"}

_WORDS: dict[str, tuple[str, str]] = {
    "brand": ("秤信", "Chengxin"),
    "tagline": ("一秤一信，来路可查", "Signed weighings, traceable origins"),
    "other_language": ("English", "中文"),
    "search.title": ("查一查这块肉从哪里来", "Where does this meat come from?"),
    "search.label": ("小票上的追溯码", "Trace code on your slip"),
    "search.hint": (
        "二维码下方的 20 位数字；也可以输入批次码。",
        "The 20 digits below the QR code. A lot code works too.",
    ),
    "search.button": ("查询", "Look it up"),
    "search.explain": (
        "每一次称重都由电子秤当场签名，商户、市场和平台都无法悄悄修改或删除。",
        "The scale signs every weighing on the spot. No vendor, market or operator can quietly change or drop it.",
    ),
    "missing.title": ("没有查到这个码", "We do not know this code"),
    "missing.printed": (
        "刚打印的小票？网络中断时，电子秤先把记录存好，恢复后再上传。请稍后再查。",
        "Printed just now? A scale that is offline keeps its records and sends them later. Please try again soon.",
    ),
    "missing.typed": (
        "手工输入的？请对照小票再看一遍：追溯码是 20 位数字。",
        "Typed by hand? Compare it with the slip once more: a trace code has 20 digits.",
    ),
    "missing.still": (
        "过一天还是查不到？请保留小票，向市场管理方反映，可以到电子秤上核对。",
        "Still nothing after a day? Keep the slip and show it to the market office, who can ask the scale itself.",
    ),
    "slip": ("溯源小票", "Traced slip"),
    "lot": ("批次", "Lot"),
    "unknown_goods": ("品名未记录", "Goods not recorded"),
    "net": ("净重", "Net weight"),
    "price": ("单价", "Price"),
    "amount": ("金额", "Amount"),
    "time": ("时间", "Time"),
    "market": ("市场", "Market"),
    "stall": ("摊位", "Stall"),
    "seller": ("经营者", "Seller"),
    "code.slip": ("追溯码", "Trace code"),
    "code.lot": ("批次码", "Lot code"),
    "device": ("电子秤", "Scale"),
    "per_kg": ("元/千克", "yuan/kg"),
    "jin": ("市斤", "jin"),
    "balance": ("批次余量", "Stock of this lot"),
    "balance.came": ("收到", "received"),
    "balance.used": ("转出", "passed on"),
    "balance.sold": ("售出", "sold"),
    "balance.left": ("剩余", "left"),
    "balance.sales": ("{sales} 笔零售", "{sales} retail sales"),
    "not_known": ("未知", "not known"),
    "summary.good": ("{held} 项核验全部成立", "All {held} checks held"),
    "summary.open": (
        "{held} 项核验成立，{open} 项尚无法判断",
        "{held} checks held, {open} cannot be told yet",
    ),
    "summary.bad": ("有 {failed} 项核验不成立，请看下文", "{failed} checks did not hold: see below"),
    "phone.title": ("手机自行核验", "What your phone checked itself"),
    "phone.note": (
        "以上由这部手机用小票二维码里的签名计算得出，不听信本网站。本站根公钥指纹：",
        "Computed on this phone from the signature in the slip's QR code, whatever this site says. Fingerprint of the "
        "root key that this site shows:",
    ),
    "phone.able.failed": (
        "这个连接或浏览器不能核验签名（需要加密连接和较新的浏览器）",
        "This connection or browser cannot check signatures: it takes an encrypted one and a recent one",
    ),
    "phone.signature.held": (
        "签名成立：小票内容自称重后未被改动",
        "The signature holds: nothing on the slip was changed",
    ),
    "phone.signature.failed": (
        "签名不成立：小票二维码被改动过，或不是我们的电子秤打印的",
        "The signature does not hold: the QR code was changed, or no scale of ours printed it",
    ),
    "phone.key.held": ("签名的电子秤登记在册，状态正常", "The scale that signed it is registered and in good standing"),
    "phone.key.failed": (
        "登记册里没有这台电子秤，或登记册不可信：请当心假小票",
        "No registered scale has this key, or the registry cannot be trusted: beware of a forged slip",
    ),
    "phone.key.revoked": ("这台电子秤的密钥已被吊销", "The key of this scale has been revoked"),
    "phone.key.doubtful": ("这台电子秤正被调查或已停用", "This scale is under suspicion or out of use"),
    "phone.key.open": ("没有网络，无法核对登记册", "No network: the registry could not be looked at"),
    "phone.page.held": ("本页所示与小票签名的内容一致", "This page shows what the slip's signature covers"),
    "phone.page.failed": (
        "本页所示与小票签名的内容不一致：请以小票为准并反映",
        "This page does not show what the slip says: keep the slip and report it",
    ),
    "phone.log.held": ("这笔交易已记入公开日志，回执成立", "The sale is in the public log, and its receipt holds"),
    "phone.log.failed": ("公开日志的回执不成立", "The receipt of the public log does not hold"),
    "phone.log.open": (
        "公开日志里还没有这笔交易，或没有网络",
        "The public log does not show this sale yet, or there is no network",
    ),
    "journey.title": ("来路", "The way here"),
    "journey.none": (
        "这个批次的来源记录还没有上链。",
        "No record of where this lot came from has arrived yet.",
    ),
    "journey.more": ("另有 {count} 站未列出", "{count} more stations are not listed"),
    "station.sale": ("零售", "Retail sale"),
    "station.slaughter": ("屠宰", "Slaughter"),
    "station.transfer": ("批发交易", "Wholesale"),
    "station.split": ("分批", "Split"),
    "station.merge": ("合批", "Merged"),
    "station.transform": ("分割加工", "Cutting"),
    "station.dispose": ("无害化处理", "Disposed of"),
    "station.other": ("流转", "Moved"),
    "station.planting": ("种植", "Grown"),
    "station.breeding": ("养殖场", "Farm"),
    "station.processing": ("加工", "Processed"),
    "station.import": ("进口", "Imported"),
    "station.first_tier_wholesale": ("一级批发", "First-tier wholesale"),
    "station.grain_trade": ("粮食收购", "Grain purchase"),
    "place.unknown": ("地点未记录", "Place not recorded"),
    "station.from": ("来自 {count} 个上游批次", "From {count} lots"),
    "station.each": ("逐件查看", "See each one"),
    "station.carcasses": ("胴体 {count} 件", "{count} carcasses"),
    "station.heads": ("{count} 头", "{count} head"),
    "station.voucher": ("上市凭证", "Voucher"),
    "station.ear_tag": ("耳标", "ear tag"),
    "station.more_parts": ("另有 {count} 件", "and {count} more"),
    "papers": ("证明文件", "Certificates"),
    "paper.issued": ("签发", "issued"),
    "paper.until": ("有效至", "valid until"),
    "paper.other": ("其他证明", "Other document"),
    "paper.animal_quarantine_cross_province": (
        "动物检疫合格证明（动物A）",
        "Animal quarantine certificate (A)",
    ),
    "paper.animal_quarantine_in_province": (
        "动物检疫合格证明（动物B）",
        "Animal quarantine certificate (B)",
    ),
    "paper.product_quarantine_cross_province": (
        "动物检疫合格证明（产品A）",
        "Meat quarantine certificate (A)",
    ),
    "paper.product_quarantine_in_province": (
        "动物检疫合格证明（产品B）",
        "Meat quarantine certificate (B)",
    ),
    "paper.meat_quality_inspection": ("肉品品质检验合格证", "Meat quality inspection certificate"),
    "paper.origin_proof": ("产地证明", "Proof of origin"),
    "paper.purchase_voucher": ("购货凭证", "Purchase voucher"),
    "paper.conformity": ("承诺达标合格证", "Conformity certificate"),
    "paper.vehicle_disinfection": ("运载工具消毒证明", "Vehicle disinfection certificate"),
    "paper.import_quarantine": ("入境货物检验检疫证明", "Import quarantine certificate"),
    "paper.test_report": ("检验报告", "Test report"),
    "checks.title": ("核验", "What was checked"),
    "checks.note": (
        "每次打开本页都会重新核验。任何人都可以下载账本自行验证。",
        "Everything is checked again each time this page opens. Anyone can download the ledger and verify it.",
    ),
    "state.held": ("成立", "Held"),
    "state.failed": ("不成立", "Did not hold"),
    "state.open": ("尚未知", "Not known"),
    "check.signature.held": (
        "签名有效：这条记录由电子秤 {device} 签发，签后一字未改。",
        "The signature holds: scale {device} sealed this record, and not a byte has changed since.",
    ),
    "check.signature.failed": (
        "签名无效：无法确认这条记录出自电子秤 {device}。",
        "The signature does not hold: nothing shows that scale {device} wrote this.",
    ),
    "check.standing.held": (
        "电子秤 {device} 已登记，状态正常。",
        "Scale {device} is registered and in good standing.",
    ),
    "check.standing.failed": (
        "电子秤 {device} 已被列为可疑、隔离或吊销，它的记录请谨慎采信。",
        "Scale {device} is under suspicion, quarantined or revoked. Do not rely on its records alone.",
    ),
    "check.chain_first.held": (
        "这是该秤的第一条记录，前面没有别的记录。",
        "This is the scale's very first record; nothing comes before it.",
    ),
    "check.chain_before.held": (
        "与前一条记录（第 {neighbour} 号）首尾相扣，中间没有被抽走的。",
        "It is linked to the record before it (no. {neighbour}); nothing was taken out in between.",
    ),
    "check.chain_before.failed": (
        "与前一条记录（第 {neighbour} 号）对不上。",
        "It does not fit the record before it (no. {neighbour}).",
    ),
    "check.chain_before.open": (
        "前一条记录（第 {neighbour} 号）还没有收到。",
        "The record before it (no. {neighbour}) has not arrived yet.",
    ),
    "check.chain_after.held": (
        "后一条记录（第 {neighbour} 号）也指向它，无法事后替换。",
        "The record after it (no. {neighbour}) points back to it, so it cannot be exchanged any more.",
    ),
    "check.chain_after.failed": (
        "后一条记录（第 {neighbour} 号）指向的不是它。",
        "The record after it (no. {neighbour}) points to another one.",
    ),
    "check.chain_after.open": (
        "它是目前最新的一条，后一条记录还没有收到。",
        "It is the newest so far; the next record has not arrived yet.",
    ),
    "check.ledger.held": (
        "已于 {time} 写入账本第 {index} 条，并向电子秤出具回执；同一编号没有第二个版本。",
        "In the ledger as entry {index} since {time}, with a receipt to the scale; no second version of it exists.",
    ),
    "check.ledger.failed": (
        "账本第 {index} 条：同一编号收到过两个不同版本，两个都已保留，请谨慎采信。",
        "Ledger entry {index}: two versions with the same number were received. Both are kept; do not rely on it.",
    ),
    "check.log.held": (
        "账本的防篡改证明成立：账本共 {size} 条，本记录是第 {index} 条，写入后没有改动。",
        "The ledger's tamper proof holds: entry {index} of {size}, unchanged since it was written.",
    ),
    "check.log.failed": (
        "账本的防篡改证明不成立：第 {index} 条与当初写入的不同，请勿采信。",
        "The ledger's tamper proof fails: entry {index} is not what was once written. Do not rely on it.",
    ),
    "check.witness.held": (
        "网关 {gateway} 于 {time} 见证收到，与电子秤时间相符。",
        "Gateway {gateway} received it at {time}, in keeping with the scale's clock.",
    ),
    "check.witness.failed": (
        "电子秤的时钟不准，本页改用网关 {gateway} 的收到时间 {time}。",
        "The scale's clock was wrong, so this page shows when gateway {gateway} received it: {time}.",
    ),
    "check.totals.held": (
        "累计数连续：这是该秤的第 {count} 笔，没有漏记。",
        "The running totals follow: this is the scale's sale no. {count}, with none left out.",
    ),
    "check.totals.failed": (
        "累计数与前一条记录不连续。",
        "The running totals do not follow from the record before.",
    ),
    "check.totals.open": (
        "缺少前一条记录，累计数暂时无法核对。",
        "The record before is missing, so the running totals cannot be compared yet.",
    ),
    "check.weighing.held": (
        "重量来自一次真实称重（第 {seq} 号记录），不是手工输入的。",
        "The weight comes from a real weighing (record no. {seq}); it was not typed in.",
    ),
    "check.weighing.failed": (
        "小票重量与所引用的称重记录（第 {seq} 号）不一致。",
        "The weight on the slip differs from the weighing it refers to (record no. {seq}).",
    ),
    "check.weighing.open": (
        "所引用的称重记录（第 {seq} 号）还没有收到。",
        "The weighing it refers to (record no. {seq}) has not arrived yet.",
    ),
    "check.amount.held": (
        "金额等于净重乘单价，四舍五入到分。",
        "The amount is weight times price, rounded to the fen.",
    ),
    "check.amount.failed": ("金额不等于净重乘单价。", "The amount is not weight times price."),
    "check.card.held": (
        "卖出时，这个批次在经营者的溯源卡上。",
        "When it was sold, this lot was on the seller's traceability card.",
    ),
    "check.card.failed": (
        "卖出时，这个批次不在经营者的溯源卡上。",
        "When it was sold, this lot was not on the seller's traceability card.",
    ),
    "check.card.open": (
        "没有读到经营者溯源卡上的批次清单。",
        "No list of lots from the seller's traceability card has arrived.",
    ),
    "check.way_signatures.held": (
        "来路上的 {records} 条记录，签名全部有效。",
        "All {records} records on the way here are signed, and every signature holds.",
    ),
    "check.way_signatures.failed": (
        "来路上的 {records} 条记录中，只有 {signed} 条签名有效。",
        "Only {signed} of the {records} records on the way here have a signature that holds.",
    ),
    "check.source.held": (
        "来路完整，一直追到源头赋码。",
        "The way is complete, back to where the lot was first given its code.",
    ),
    "check.source.open": (
        "来路没有追到源头：有 {lost} 个批次找不到来源记录。",
        "The way does not reach its source: {lost} lots have no record of where they came from.",
    ),
    "check.papers.held": (
        "有 {papers} 份证明文件，出售时都未过期。",
        "{papers} certificates are on record; none had expired at the time of sale.",
    ),
    "check.papers.failed": (
        "{papers} 份证明文件中，有 {expired} 份出售时已过期。",
        "Of {papers} certificates, {expired} had expired at the time of sale.",
    ),
    "check.papers.open": ("没有证明文件的记录。", "No certificate is on record."),
    "check.tests.held": (
        "有 {tests} 项检测记录，没有不合格。",
        "{tests} tests are on record; none failed.",
    ),
    "check.tests.failed": (
        "{tests} 项检测中有 {failed} 项不合格。",
        "{failed} of {tests} tests failed.",
    ),
    "check.tests.open": ("还没有检测结果的记录。", "No test result is on record yet."),
    "check.decision.failed": (
        "批次 {lot} 已被监管部门叫停，请勿食用，并联系市场。",
        "Lot {lot} has been stopped by the authority. Do not eat it; contact the market.",
    ),
    "check.balance.held": (
        "批次平衡：收到 {came}，已售 {sold}，没有超卖。",
        "The lot balances: {came} received, {sold} sold. No more was sold than came in.",
    ),
    "check.balance.failed": (
        "批次超卖：收到 {came}，却卖出了 {sold}。",
        "More was sold than came in: {came} received, {sold} sold.",
    ),
    "check.balance.open": (
        "已售 {sold}；有的环节没有称重，无法核对收支。",
        "{sold} sold; some steps were not weighed, so the balance cannot be told.",
    ),
    "evidence": ("机读证据（JSON）", "Evidence for machines (JSON)"),
    "ledger": ("下载账本", "Download the ledger"),
    "again": ("查另一个码", "Look up another code"),
}


def say(language: str, key: str, **values: object) -> str:
    """Return a sentence with its values filled in; ``KeyError`` for one that does not exist is our own mistake."""
    return _WORDS[key][LANGUAGES.index(language)].format(**values)


def every_key() -> list[str]:
    """Return all keys, for the test that looks for gaps."""
    return list(_WORDS)


def both(key: str) -> tuple[str, str]:
    """Return a sentence in both languages, unfilled."""
    return _WORDS[key]


def preferred(asked: str | None, accept_language: str | None) -> str:
    """Return the language to answer in: what the address asks for, else the browser's wish, else Chinese."""
    if asked in LANGUAGES:
        return str(asked)
    wishes = []
    for place, wish in enumerate((accept_language or "").split(",")):
        tag, _, quality = wish.strip().partition(";q=")
        wishes.append((-_quality(quality), place, tag.split("-")[0].lower()))
    return next((tag for _, _, tag in sorted(wishes) if tag in LANGUAGES), LANGUAGES[0])


def _quality(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0
