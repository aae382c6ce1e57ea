"""The systemd units of a gateway with Mosquitto: two services that may do nothing but their work, and one watch.

Why the watch: the gateway may not signal another user's process, so systemd looks at the broker's copies of list and
certificates and has them read again. Hardening: systemd.exec(5); `systemd-analyze security UNIT` shows what is left.
"""

import shutil
import sys
from pathlib import Path

from edge.config import MOSQUITTO_FILE, GatewayConfig
from edge.mosquitto.configuration import COPIED

BROKER, GATEWAY, RELOAD = "chengxin-broker", "chengxin-gateway", "chengxin-broker-reload"
DEBIAN_MOSQUITTO = "/usr/sbin/mosquitto"

_HARDENED = """\
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
UMask=0027
"""
_RESTARTED = """\
Restart=on-failure
RestartSec=1
"""


def write(config: GatewayConfig, broker_user: str, gateway_user: str) -> list[Path]:
    """Write the units into ``systemd`` below the gateway's directory, for root to copy; return their paths."""
    directory = config.directory / "systemd"
    directory.mkdir(exist_ok=True)
    texts = {
        f"{BROKER}.service": _broker_service(config, broker_user),
        f"{GATEWAY}.service": _gateway_service(config, broker_user, gateway_user),
        f"{RELOAD}.path": _reload_path(config),
        f"{RELOAD}.service": _reload_service(),
    }
    for name, text in texts.items():
        (directory / name).write_text(text, encoding="ascii")
    return [directory / name for name in texts]


def _broker_service(config: GatewayConfig, user: str) -> str:
    home = config.broker_directory.absolute()
    return f"""\
[Unit]
Description=Chengxin: Mosquitto for the devices of this site
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
NotifyAccess=main
ExecStart={shutil.which("mosquitto") or DEBIAN_MOSQUITTO} -c {home}/{MOSQUITTO_FILE}
ExecReload=/bin/kill -HUP $MAINPID
User={user}
Group={user}
ReadWritePaths={home}/state
LimitNOFILE=8192
MemoryDenyWriteExecute=yes
{_RESTARTED}
{_HARDENED}
[Install]
WantedBy=multi-user.target
"""


def _gateway_service(config: GatewayConfig, broker_user: str, user: str) -> str:
    home = config.directory.absolute()
    return f"""\
[Unit]
Description=Chengxin: gateway of this site
Wants=network-online.target {BROKER}.service
After=network-online.target {BROKER}.service

[Service]
Type=exec
ExecStart={Path(sys.executable).with_name("chengxin")} gateway run --dir {home}
User={user}
Group={user}
SupplementaryGroups={broker_user}
ReadWritePaths={home}
{_RESTARTED}
{_HARDENED}
[Install]
WantedBy=multi-user.target
"""


def _reload_path(config: GatewayConfig) -> str:
    home = config.broker_directory.absolute()
    watched = "\n".join(f"PathChanged={home}/{name}" for name in COPIED)
    return f"""\
[Unit]
Description=Chengxin: revocation list and certificates of the broker

[Path]
{watched}

[Install]
WantedBy=multi-user.target
"""


def _reload_service() -> str:
    return f"""\
[Unit]
Description=Chengxin: have the broker read its files again

[Service]
Type=oneshot
ExecStart=/bin/systemctl try-reload-or-restart {BROKER}.service
"""
