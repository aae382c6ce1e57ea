"""A small market for tests: the nodes of the story, a registry that knows them, and a gateway's envelopes.

market = Market()
lot = market.pork_for("3502000019001")        # farm -> slaughter -> wholesale, sealed and waiting
slip = market.sell(lot, grams=512)            # weighing and sale on the stall's scale
answer = cloud.deliver(market.envelope())     # everything sealed since the last envelope
"""

import os

from tracewire import cbor, cose, p256, record
from tracewire.record import code_of

from simulators.node import Node, Trust, now_ms

SELLER = "3502000019001"


class Market:
    """Six nodes and what they sealed; ``pending`` is what no envelope has carried yet."""

    def __init__(self) -> None:
        self.trust = Trust()
        self.farm = Node("farm-0001", "farm", code_base="3502000010001", site="绿源生态养殖场")
        self.line = Node("rail-0001", "rail", code_base="3502000010002", site="银祥肉联厂")
        self.wholesaler = Node("term-0001", "terminal", code_base="3502000010003", site="夏商批发市场")
        self.scale = Node(
            "scale-0001", "scale", code_base="3502000010007", site="第八市场", stall="A12", seller="阿福鲜肉"
        )
        self.gateway = Node("gateway-01", "gateway", site="第八市场")
        self.cloud_secret = p256.new_secret(os.urandom)
        self.cloud = Node("cloud-01", "cloud", self.cloud_secret)
        self.nodes = [self.farm, self.line, self.wholesaler, self.scale, self.gateway, self.cloud]
        self.pending: list[bytes] = []

    def add(self, name: str, role: str) -> Node:
        """Return one more node; the registry knows it from its next issue on."""
        node = Node(name, role)
        self.nodes.append(node)
        return node

    def say(self, node: Node, kind: int, body: dict[str, object], time_ms: int | None = None) -> bytes:
        """Seal a record and leave it for the next envelope."""
        sealed = node.seal(kind, body, time_ms)
        self.pending.append(sealed)
        return sealed

    def envelope(self, *sealed: bytes, by: Node | None = None, received_ms: int | None = None) -> bytes:
        """Return an envelope with these records, or with everything pending."""
        chosen = list(sealed) or self.pending
        if not sealed:
            self.pending = []
        at = now_ms() if received_ms is None else received_ms
        return cose.seal(cbor.encode([[at, each] for each in chosen]), cose.ENVELOPE, (by or self.gateway).key)

    def pork_for(self, seller: str = SELLER, carcasses: int = 2) -> str:
        """Tell the way of a lot from the farm to a seller; return the lot's code."""
        pigs = self.farm.next_code()
        self.say(
            self.farm,
            record.LOT,
            {
                "lot": pigs,
                "source": 2,
                "goods": "生猪",
                "place": "长汀县河田镇绿源生态养殖场",
                "division": "350821",
                "head_count": carcasses,
                "net_grams": 113_000 * carcasses,
            },
        )
        self.say(self.farm, record.DOCUMENT, {"lot": pigs, "document": 2, "number": "3508210098765"})
        share = []
        for number in range(carcasses):
            code = self.line.next_code()
            grams = 88_400 + 700 * number
            body = {"carcass": code, "lot": pigs, "hot_grams": grams, "side": 0, "ear_tag": f"1350821{number:08d}"}
            self.say(self.line, record.CARCASS, body)
            share.append((code, grams))
        self.say(
            self.line,
            record.DOCUMENT,
            {"lot": pigs, "document": 5, "number": "厦品检2026-112207", "issuer": "银祥肉联厂", "issued_ms": now_ms()},
        )
        lot = self.wholesaler.next_code()
        total = sum(grams for _, grams in share) - 300
        self.say(
            self.wholesaler,
            record.MOVEMENT,
            {
                "movement": 1,
                "inputs": tuple(share),
                "outputs": ((lot, total),),
                "to_party": seller,
                "voucher": f"SP{lot[-7:]}",
                "waste_grams": 300,
                "goods": "猪肉（白条）",
            },
        )
        return lot

    def card_in(self, lot: str, stall: str = "A区12号 阿福鲜肉") -> None:
        """Put the seller's card, with this lot under price key 1, into the scale."""
        body = {"action": 1, "seller": SELLER, "stall": stall, "lots": ((1, lot),), "goods": ((1, "五花肉"),)}
        self.say(self.scale, record.SESSION, body)

    def sell(self, lot: str, grams: int = 512, price: int = 3600, time_ms: int | None = None) -> str:
        """Weigh and sell; return the code of the slip."""
        weighing = {"gross_grams": grams + 8, "tare_grams": 8, "tare_mode": 1, "net_grams": grams, "e_grams": 5}
        self.say(self.scale, record.WEIGHING, weighing, time_ms)
        sale = {
            "net_grams": grams,
            "tare_grams": 8,
            "price_fen_per_kg": price,
            "amount_fen": (grams * price + 500) // 1000,
            "plu": 1,
            "lot": lot,
            "weighing_back": 1,
        }
        self.say(self.scale, record.SALE, sale, time_ms)
        return code_of(self.scale.credential.code_base or "", self.scale.totals[0])

    def health(self, node: Node | None = None, time_ms: int | None = None) -> bytes:
        """Seal the smallest record there is."""
        return (node or self.scale).seal(
            record.HEALTH, {"uptime_s": 60, "journal_pending": 0, "journal_permille": 1}, time_ms
        )
