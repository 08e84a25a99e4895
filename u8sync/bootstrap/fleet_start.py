"""A first fleet file: what ``fleet init`` writes, from one configuration and what its login can see."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from u8sync.bootstrap import account_sets, kind_of
from u8sync.config.settings import load_settings
from u8sync.ports import AccountSetFound

__all__ = ["first_fleet"]

_HEAD: Final = """\
# 集团账套文件：一夜之内运行的全部账套。The fleet file: all account sets that run in one night.
# 相对路径从本文件所在文件夹算起。Relative paths begin in this file's folder.

# 文件格式版本。Version of this file's format.
version: 1

"""

_DISCOVER: Final = """\
# 在一台服务器上查找账套：基础配置给出账套号以外的一切。
# Account sets of a server: the base configuration says everything but the code of the account set.
discover:
  config: {config}
  accounts: all        # 或列出账套号。Or a list of codes: {codes}
  without: []          # 除外的账套号。Codes to leave out.
  # 某个账套与众不同之处。What differs for one account set.
  # overlays:
  #   {first}: {{name: {name}, mapping: mappings/other.yaml, policy: mappings/other-tiers.yaml}}

# 另有配置文件的账套。Account sets with a configuration of their own.
# members:
#   - {{name: 分公司, config: branch/config.yaml, as_of: last_month_end}}
"""

_MEMBERS: Final = """\
# 各有配置文件的账套。Account sets with a configuration of their own.
members:
  - {{name: {name}, config: {config}}}
  # - {{name: 分公司, config: branch/config.yaml, as_of: last_month_end}}

# 在一台 SQL Server 上查找账套。Account sets that are found on a SQL Server:
# discover: {{config: server/config.yaml, accounts: all, without: ["999"]}}
"""

_TAIL: Final = """
# 同时运行多少。How many run at a time.
limits:
  workers: 8      # 总数。In all.
  per_server: 2   # 每台数据库服务器。On one database server.

# 含 notify 一节的配置文件：整个集团发一条通知。Whose section 'notify' is told of the whole fleet, in one message.
# notify: config.yaml

# 各夜的汇总。The summaries of past nights.
runs:
  folder: runs/fleet   # 文件夹。Its folder.
  keep_days: 400       # 保留天数。Days that they are kept.
"""


def first_fleet(config: Path, *, beside: Path) -> str:
    """The text of a first fleet file that is to lie in the folder ``beside``.

    Raises ConfigError when the configuration cannot be read, FatalError when its server cannot be asked.
    """
    kind, _options = kind_of(load_settings(config))
    found = account_sets(config)
    shown = _quoted(_way_to(config, beside))
    if kind.accounts is None:
        middle = _MEMBERS.format(name=_quoted(_name(found)), config=shown)
    else:
        codes = ", ".join(_quoted(one.code) for one in found)
        middle = _DISCOVER.format(
            config=shown, codes=f"[{codes}]", first=_quoted(found[0].code), name=_quoted(_name(found))
        )
    return _HEAD + middle + _TAIL


def _name(found: Sequence[AccountSetFound]) -> str:
    return f"{found[0].code} {found[0].name}".strip()


def _quoted(text: str) -> str:
    """The text as YAML takes it for a text, whatever is in it."""
    return json.dumps(text, ensure_ascii=False)


def _way_to(config: Path, beside: Path) -> str:
    try:
        return Path(os.path.relpath(config, beside)).as_posix()
    except ValueError:  # on another drive
        return config.absolute().as_posix()
