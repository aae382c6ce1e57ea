"""How far an account reaches, asked once more by the program that seals: what is in its market or region.

It asks the projection ``places`` and the console's own registry by itself, and takes no page's word: a page that forgot
to look, or a row that somebody wrote beside the accounts, decides nothing about another county.
"""

from tracewire.errors import Rejected

from cloud.accounts.account import OPS, Account
from cloud.accounts.asked import LABELLING, RULE, Asked
from cloud.console import places
from cloud.console import scope as scopes
from cloud.console.scope import Scope
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
        fields = {name: str(decision.fields.get(name, "")) for name in ("device", "lot", "division")}
        with self._graph.reader.connect() as connection:
            for lot in {decision.lot, fields["lot"]} - {""}:  # the second as it will be sealed
                if not places.of_lots(connection, scope, [lot]):
                    raise Rejected("account.reach", f"{account.name} does not see lot {lot}")
            if decision.seller and not places.stands_of(connection, scope, [decision.seller]):
                raise Rejected("account.reach", f"{account.name} does not see seller {decision.seller}")
        if decision.word == LABELLING:
            require_labels(account, scope, roll, fields["device"], fields["division"])
        elif fields["device"] and account.role not in (OPS, RULE):
            _require_device(account, scope, roll, fields["device"])


def require_labels(account: Account, scope: Scope, roll: Roll, device: str, division: str) -> None:
    """Return when an account may speak of a county's labels that a device or printer had; ``Rejected``.

    A device must be in its market or region. A printer that no registry knows, or none, is the county's: whoever sees
    the county may speak of what it had.
    """
    if device and roll.current(device) is not None:
        _require_device(account, scope, roll, device)
    elif not division.startswith(account.region or "-"):
        raise Rejected("account.reach", f"{account.name} does not see the labels of {division}")


def _require_device(account: Account, scope: Scope, roll: Roll, device: str) -> None:
    credential = roll.current(device)
    if credential is None or not scope.sees(credential.site or "", device):
        raise Rejected("account.reach", f"{account.name} does not see {device}")
