"""The shape of the section ``notify`` of the configuration."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import ConfigDict, Field, model_validator

from u8sync.config.shapes.words import FilePath, KeyringShape, Name, Shape
from u8sync.text import msg

__all__ = ["NotifyShape", "ReferenceShape", "TargetShape"]


class ReferenceShape(Shape):
    """通知地址的存放处，三选一。Where an address is kept: exactly one of the three.

    What it says is looked at once more by who resolves it, :class:`u8sync.backends.secrets.SecretReference`.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        json_schema_extra={"minProperties": 1, "maxProperties": 1},
    )

    env: Name | None = Field(default=None, description="环境变量名。Name of an environment variable.")
    file: FilePath | None = Field(
        default=None,
        description="只有一行的文件，只有运行 u8sync 的用户可读。"
        "A file of one line that only the user who runs u8sync can read.",
    )
    keyring: KeyringShape | None = Field(
        default=None, description="系统密钥环中的条目。An entry of the system's keyring."
    )


class TargetShape(Shape):
    """一个通知对象。One target."""

    name: Name = Field(description="在消息中的名称。What messages call it.")
    url: ReferenceShape = Field(
        description="apprise 地址的存放处；地址中含令牌，不得写在本文件中。"
        "Where its apprise address is kept; it holds a token and may not stand in this file."
    )
    cards: bool = Field(default=True, description="是否发送每次运行的卡片。Whether it gets the card of each run.")
    alerts: bool = Field(
        default=True, description="是否发送状态变化的警报。Whether it gets an alert when the state changes."
    )
    language: Literal["zh", "en"] = Field(default="zh", description="语言。Language of what it gets.")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.cards and not self.alerts:
            raise ValueError(msg("this target would get nothing: neither cards nor alerts"))
        return self


class NotifyShape(Shape):
    """通知。Notifications."""

    to: list[TargetShape] = Field(min_length=1, description="通知对象。Who is told.")
    cards: Literal["always", "changes"] = Field(
        default="always",
        description="卡片何时发送：每次运行，或仅当有更改、有待批准或出现问题时。"
        "When a card is sent: after each run, or only after one with changes, requests or troubles.",
    )
    site: Name | None = Field(default=None, description="本安装的名称，写在标题中。What this installation is called.")
    timeout_s: int = Field(
        default=20, ge=1, le=300, description="全部通知最多用时，秒。Most time for all of them together, seconds."
    )

    @model_validator(mode="after")
    def _once(self) -> Self:
        names = [target.name for target in self.to]
        if len(set(names)) != len(names):
            raise ValueError(msg("two targets have the same name"))
        return self
