"""The files that make an operating system start the box: text alone, so that people can read them first."""

from pathlib import Path
from typing import NamedTuple

STATE = Path("/var/lib")
NAME = "agenthq"


class Service(NamedTuple):
    """`run_as` is empty for a user that systemd makes; `own` is a service of the person who is signed in."""

    program: Path
    data: Path
    own: bool = False
    run_as: str = ""
    single_file: bool = False


_COMMON = """\
Restart=on-failure
RestartSec=2
# Wrong configuration, data from a newer version, or a second server: trying again changes nothing.
RestartPreventExitStatus=2 75 78
# The watchdog is fed by a write and a read of the data; a start that brings data along asks for more time by itself.
WatchdogSec=60
TimeoutStartSec=120
TimeoutStopSec=40
LimitNOFILE=65536
UMask=0077

NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
"""
_HARDENED = """\
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
CapabilityBoundingSet=
SystemCallFilter=@system-service
"""


def systemd(service: Service) -> str:
    wanted = "default.target" if service.own else "multi-user.target"
    text = f"""\
[Unit]
Description=AgentHQ, a team of AI agents on this machine
After=network-online.target
Wants=network-online.target

[Service]
Type=notify
NotifyAccess={"all" if service.single_file else "main"}
ExecStart={_quoted(service.program)} serve --no-open --data {_quoted(service.data)}
"""
    return text + _user(service) + _COMMON + ("" if service.own else _HARDENED) + f"\n[Install]\nWantedBy={wanted}\n"


def launchd(service: Service) -> str:
    arguments = (str(service.program), "serve", "--no-open", "--data", str(service.data))
    items = "".join(f"    <string>{_escaped(argument)}</string>\n" for argument in arguments)
    return f"""\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key><string>{NAME}</string>
  <key>ProgramArguments</key>
  <array>
{items}  </array>
  <key>RunAtLoad</key><true/>
  <key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>
  <key>ExitTimeOut</key><integer>40</integer>
  <key>Umask</key><integer>63</integer>
</dict>
</plist>
"""


def windows(service: Service) -> str:
    """Commands for an administrator's PowerShell; Windows restarts the service when it fails."""
    command = f'\\"{service.program}\\" serve --no-open --data \\"{service.data}\\"'
    return f"""\
sc.exe create {NAME} start= delayed-auto DisplayName= "AgentHQ" binPath= "{command}"
sc.exe description {NAME} "AgentHQ, a team of AI agents on this machine"
sc.exe failure {NAME} reset= 86400 actions= restart/2000/restart/10000/restart/60000
sc.exe start {NAME}
"""


def path(own: bool) -> Path:
    """Where systemd looks for it."""
    return (Path.home() / ".config/systemd/user" if own else Path("/etc/systemd/system")) / f"{NAME}.service"


def _user(service: Service) -> str:
    if service.own:
        return ""
    if service.run_as:
        return f"User={service.run_as}\nReadWritePaths={_quoted(service.data)}\n"
    return f"DynamicUser=yes\nStateDirectory={service.data.relative_to(STATE)}\nStateDirectoryMode=0700\n"


def _quoted(path: Path) -> str:
    """systemd expands % and splits at spaces."""
    text = str(path).replace("\\", "\\\\").replace("%", "%%").replace('"', '\\"')
    return f'"{text}"' if " " in text else text


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
