"""People who give orders to scales: prices, stock, frozen lots, firmware, stops; with the functions of the console."""

from collections.abc import Callable

from tracewire import feed

from cloud.db.engine import Store
from cloud.feed import orders
from cloud.feed.orders import Price, Release
from cloud.feed.store import EVERYONE
from simulators.simulation.clockwork import World
from simulators.simulation.cloud import CloudHouse
from simulators.simulation.judge import Judge

LOT = "35020000100030000001"
"""What every scale sells."""
LOTS = (LOT, "35020000100030000002", "35020000100030000003", "35020000100030000004")
SELLER = "3502000010101"
"""Who sells at every scale."""
SELLERS = (SELLER, "3502000010102", "3502000010103", "3502000010104")
NAMES = {1: "五花肉", 2: "前腿肉", 3: "排骨"}
PLENTY_GRAMS = 1_000_000

Order = Callable[[Store, int], object]


class Office:
    """Gives an order now and then while the storm lasts; one that failed is given again."""

    def __init__(self, world: World, cloud: CloudHouse, judge: Judge, devices: list[str]) -> None:
        self._world = world
        self._cloud = cloud
        self._judge = judge
        self._devices = devices
        self._frozen: set[str] = set()
        self._stopped: set[str] = set()

    async def live(self) -> None:
        """Order something, wait, order something else."""
        while not self._world.is_calm:
            await self._world.pause(5_000, 60_000)
            orders_known = (self._prices, self._stock, self._freeze, self._firmware, self._stops)
            await self._world.random.choice(orders_known)()

    async def _prices(self) -> None:
        device, cheapest = self._world.random.choice(self._devices), self._world.random.randint(1_000, 5_000)
        prices = [Price(plu, name, cheapest + plu) for plu, name in NAMES.items()]
        await self._give(lambda store, now_ms: orders.order_prices(store, device, prices, now_ms))
        rows = [(price.plu, price.name, price.name.encode("gbk"), price.price_fen_per_kg) for price in prices]
        self._judge.ordered(feed.PRICES, rows, device)

    async def _stock(self) -> None:
        device = self._world.random.choice(self._devices)
        left = [(lot, PLENTY_GRAMS + self._world.random.randint(1, 1_000)) for lot in LOTS]
        await self._give(lambda store, now_ms: orders.order_stock(store, device, left, now_ms))
        self._judge.ordered(feed.STOCK, left, device)

    async def _freeze(self) -> None:
        """Freeze a lot, or let a frozen one be sold again."""
        lot = self._world.random.choice(LOTS)
        if lot in self._frozen:
            await self._give(lambda store, now_ms: orders.unfreeze(store, lot, now_ms))
        else:
            await self._give(lambda store, now_ms: orders.freeze(store, lot, "simulated", now_ms))
        self._frozen ^= {lot}
        self._judge.ordered(feed.FREEZE, [(lot,) for lot in self._frozen])

    async def _firmware(self) -> None:
        release = Release(self._world.random.randbytes(32), self._world.random.randint(1, 9), "release.bundle")
        await self._give(lambda store, now_ms: orders.offer_firmware(store, EVERYONE, release, now_ms))
        self._judge.ordered(feed.FIRMWARE, [(release.digest, release.security_version, release.path)])

    async def _stops(self) -> None:
        """Stop a seller, or let a stopped one sell again."""
        self._stopped ^= {self._world.random.choice(SELLERS)}
        names = b"".join(sorted(map(feed.seller_name, self._stopped)))
        await self._give(lambda store, now_ms: orders.order_stops(store, self._stopped, (), now_ms))
        self._judge.ordered(feed.STOPS, [(names, b"")])

    async def _give(self, order: Order) -> None:
        while not self._cloud.order(order):
            await self._world.pause(1_000, 5_000)
