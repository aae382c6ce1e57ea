"""How far an account reaches, asked once more by the program that seals: what is in its market or region.

It asks the projection ``places`` and the console's own registry by itself, and takes no page's word: a page that forgot
to look, or a row that somebody wrote beside the accounts, decides nothing about another county.
"""

from tracewire.errors import Rejected

from cloud.accounts.account import OPS, Account
from cloud.accounts.asked import RULE, Asked
from cloud.console import places
from cloud.console import scope as scopes
from cloud.db.engine import Store
from cloud.registry import Roll


class Reach:
    """Looks where lots and sellers were seen, in ``graph``."""

    def __init__(self, graph: Store) -> None:
        self._graph = graph

    def require(self, account: Account, decision: Asked, roll: Roll) -> None:
        """Return when the account sees what the decision is about; ``Rejected("account.reach")`` when it does not.

        Operators, and the rules of the cloud, speak of every device.
        """
        scope = scopes.of_account(account, roll)
        with self._graph.reader.connect() as connection:
            if decision.lot and not places.of_lots(connection, scope, [decision.lot]):
                raise Rejected("account.reach", f"{account.name} does not see lot {decision.lot}")
            if decision.seller and not places.stands_of(connection, scope, [decision.seller]):
                raise Rejected("account.reach", f"{account.name} does not see seller {decision.seller}")
        device = str(decision.fields.get("device", ""))  # as it will be sealed
        if device and account.role not in (OPS, RULE):
            credential = roll.current(device)
            if credential is None or not scope.sees(credential.site or "", device):
                raise Rejected("account.reach", f"{account.name} does not see {device}")
