"""The shape of the fleet file: which account sets of a group run in one night, and how many at a time."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from u8sync.config.shapes.words import AsOf, FilePath, Name, Shape, Version
from u8sync.text import msg

__all__ = ["DiscoverShape", "FleetShape", "MemberShape"]

Account = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{3}$")]


class MemberShape(Shape):
    """一个成员：一个账套及其配置文件。One member: an account set with a configuration file of its own."""

    name: Name = Field(description="成员的名称，不得重复。Name of the member; no two are alike.")
    config: FilePath = Field(description="它的配置文件，相对于本文件。Its configuration, relative to this file.")
    as_of: AsOf | None = Field(
        default=None, description="基准日，代替配置文件中的。The as-of day, in place of the configuration's."
    )


class OverlayShape(Shape):
    """某个账套与众不同之处。What is different for one account set."""

    name: Name | None = Field(default=None, description="名称，缺省为账套号。Its name; its code when absent.")
    mapping: FilePath | None = Field(
        default=None, description="它的字段映射文件，相对于本文件。Its mapping file, relative to this file."
    )
    policy: FilePath | None = Field(
        default=None, description="它的评级政策文件，相对于本文件。Its policy file, relative to this file."
    )
    as_of: AsOf | None = Field(default=None, description="它的基准日。Its as-of day.")


class DiscoverShape(Shape):
    """在一台服务器上查找账套。Finding the account sets of a server."""

    config: FilePath = Field(
        description="基础配置文件：账套号以外的一切。The base configuration: everything but the account set's code."
    )
    accounts: Literal["all"] | list[Account] = Field(
        default="all",
        description="账套号，或 all：登录名可见的全部。Codes of account sets, or all that the login can see.",
    )
    without: list[Account] = Field(default=[], description="除外的账套号。Codes of account sets to leave out.")
    overlays: dict[Account, OverlayShape] = Field(
        default={}, description="账套号 -> 与基础配置不同之处。Code -> what differs from the base configuration."
    )

    @model_validator(mode="after")
    def _some(self) -> Self:
        if self.accounts == []:
            raise ValueError(
                msg("no account set is named here"), msg("List codes such as \"001\", or write 'accounts: all'.")
            )
        return self


class LimitsShape(Shape):
    """同时运行多少。How many run at a time."""

    workers: int = Field(default=8, ge=1, le=1000, description="同时运行的成员数。Members that run at a time.")
    per_server: int = Field(
        default=2, ge=1, le=100, description="每台服务器上同时运行的成员数。Members that run at a time on one server."
    )


class FleetRunsShape(Shape):
    """各夜的汇总。The summaries of past nights."""

    folder: FilePath = Field(
        default="runs/fleet", description="每夜一个子文件夹，相对于本文件。One folder a night, relative to this file."
    )
    keep_days: int = Field(default=400, ge=1, le=36500, description="汇总的保留天数。Days that summaries are kept.")


class FleetShape(Shape):
    """集团账套文件：一夜之内运行的全部账套。The fleet file: all account sets that run in one night."""

    version: Version = Field(description="文件格式版本。Version of the file's format.")
    members: list[MemberShape] = Field(default=[], description="逐一列出的成员。Members that are listed one by one.")
    discover: DiscoverShape | None = Field(
        default=None, description="按一份基础配置查找的成员。Members that are found by one base configuration."
    )
    limits: LimitsShape = Field(default_factory=LimitsShape, description="并行的限度。Limits of what runs at a time.")
    notify: FilePath | None = Field(
        default=None,
        description="含 notify 一节的配置文件：整个集团发一条通知，各成员不再各自通知。"
        "A configuration whose section 'notify' is told of the whole fleet, in one message; members tell nobody then.",
    )
    runs: FleetRunsShape = Field(default_factory=FleetRunsShape, description="汇总的历史。The history of summaries.")

    @model_validator(mode="after")
    def _any(self) -> Self:
        if not self.members and self.discover is None:
            raise ValueError(
                msg("this fleet has no member"), msg("List some under 'members', or find them with 'discover'.")
            )
        return self
