"""The settings of Yonyou's OpenAPI, as they stand under ``account_set`` in the configuration file."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from u8sync.backends.openapi.fields import ITEM_WIDTHS
from u8sync.backends.secrets import SecretReference
from u8sync.text import msg

__all__ = ["ItemOptions", "OpenApiOptions"]

Word = Annotated[str, StringConstraints(min_length=1, max_length=400, pattern=r"^[^\x00-\x1f]+$")]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=8, max_length=400)]


def _address(value: str) -> str:
    try:
        parts = urlsplit(value)
        is_server = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port or a host that cannot be
        parts, is_server = urlsplit(""), False
    if not is_server:
        raise ValueError(
            msg("this is not the address of a server"), msg("An address such as https://api.yonyouup.com/ is needed.")
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError(msg("only scheme, host, port and path may stand here"))
    value = parts.scheme + value[len(parts.scheme) :]  # a scheme may be written in capitals
    return value if value.endswith("/") else f"{value}/"


def _stays_here(url: str) -> bool:
    """Whether the address is this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class ItemOptions(BaseModel):
    """How a self-defined item is set up in U8. The OpenAPI does not tell."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    length: int = Field(ge=1, le=120, description="U8 中设置的长度。 Its length as set up in U8.")
    values: tuple[Word, ...] | None = Field(
        default=None,
        min_length=1,
        description="U8 中允许的值；不给出则任意文本。 The values that U8 allows; any text when absent.",
    )


class OpenApiOptions(BaseModel):
    """Settings of an account set behind the OpenAPI."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: Annotated[str, AfterValidator(_address)] = Field(
        default="https://api.yonyouup.com/", description="开放平台网关地址。 Address of the gateway."
    )
    from_account: Word = Field(description="调用方 ID（开发者）。 Id of the caller (the developer).")
    to_account: Word = Field(
        description="提供方 ID（拥有 U8 的企业）。 Id of the provider (the enterprise that has U8)."
    )
    app_key: Word = Field(description="应用编码 app_key。 Code of the app.")
    app_secret: SecretReference = Field(
        description="应用密钥的出处：env、file 或 keyring。 Where the app's secret is kept: env, file or keyring."
    )
    ds_sequence: int | None = Field(
        default=None,
        ge=0,
        le=9999,
        description="数据源序号；缺省为应用的第一个。 Number of the data source; the app's first when absent.",
    )
    items: Mapping[str, ItemOptions] = Field(
        default_factory=dict,
        description="可写入的自定义项 self_define1–10 及其设置；OpenAPI 无法查询。 The self-defined items that may be "
        "written, with their set-up in U8, which the OpenAPI does not tell.",
    )
    edit_sends: Literal["changes", "card"] = Field(
        default="changes",
        description="修改时发送：changes 仅编码和改动字段，card 读到的整张卡片。 What an edit sends: the code and what "
        "changes, or the whole card as it was read.",
    )
    stock_outs: Literal["flat", "single", "none"] = Field(
        default="flat",
        description="成本来源：flat 出库单明细列表，single 逐张读取出库单，none 不读。 Where cost comes from: the list "
        "of stock-out lines, every stock-out by itself, or nowhere.",
    )
    invoice_approved_by: Word = Field(
        default="verifier",
        description="发票已审核时不为空的字段。 The field of an invoice that is filled once it is approved.",
    )
    history_from: date | None = Field(
        default=None,
        description="只读取此日及以后的单据；不给出则全部。 Documents before this day are not read; all when absent.",
    )
    cache: Word = Field(
        default="cache",
        description="本地缓存文件夹，可随时删除。 Folder of the local cache; it may be deleted at any time.",
    )
    full_read_days: int = Field(
        default=7,
        ge=0,
        le=365,
        description="每隔多少天全部重读；0 表示每次。 Days after which everything is read anew; 0: every time.",
    )
    overlap_days: int = Field(
        default=62,
        ge=1,
        le=3660,
        description="每次重新列出最近多少天的单据。 The documents of so many days are listed anew every time.",
    )
    timestamp_overlap: int = Field(
        default=10_000,
        ge=0,
        le=1_000_000_000,
        description="增量读取客户时时间戳回退的量。 How far the timestamps of two incremental reads overlap.",
    )
    connections: int = Field(default=4, ge=1, le=16, description="同时连接数。 Calls at the same time.")
    calls_per_s: Decimal = Field(
        default=Decimal(20),
        ge=0,
        le=1000,
        description="每秒最多调用次数；0 不限。 Most calls in a second; 0: no limit.",
    )
    rows_per_page: int = Field(default=100, ge=1, le=5000, description="每页行数。 Rows in a page.")
    connect_timeout_s: int = Field(default=5, ge=1, le=120, description="连接超时，秒。 Time to connect in seconds.")
    read_timeout_s: int = Field(
        default=30, ge=1, le=600, description="读取超时，秒。 Time to answer a read in seconds."
    )
    edit_timeout_s: int = Field(
        default=60, ge=1, le=600, description="修改超时，秒。 Time to answer an edit in seconds."
    )
    late_s: int = Field(
        default=120,
        ge=0,
        le=3600,
        description="回复丢失的修改在多少秒内仍可能生效。 Seconds in which an edit may still take effect after its "
        "answer was lost.",
    )
    token_errcodes: tuple[Word, ...] = Field(
        default=(),
        description="表示令牌失效的 errcode；errmsg 含 token 的总算。 The errcodes of a token that is not valid; an "
        "errmsg that names the token always is one.",
    )
    ca_file: Word | None = Field(
        default=None,
        description="只信任此文件中的证书（PEM）。 Only the certificates of this file (PEM) are trusted.",
    )
    proxy: Word | None = Field(
        default=None, description="HTTP 代理地址；环境变量不起作用。 Address of a proxy; the environment's is not used."
    )
    insecure_reason: Reason | None = Field(
        default=None,
        description="为何接受不加密的 http；写入报告和审计日志。 Why plain http is accepted; shown in reports and in "
        "the audit log.",
    )
    read_only: bool = Field(default=False, description="只读：从不写入。 Never write.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.url.startswith("http:") and not _stays_here(self.url) and self.insecure_reason is None:
            raise ValueError(
                msg("url is not https: anybody on the way could read the app's secret"),
                msg("Use https, or say in insecure_reason why this site accepts it."),
            )
        unknown = sorted(set(self.items) - set(ITEM_WIDTHS))
        if unknown:
            raise ValueError(
                msg("items: '{name}' is no self-defined item of text", name=unknown[0]),
                msg("Items that can be written: {names}", names=", ".join(ITEM_WIDTHS)),
            )
        for name, item in self.items.items():
            if item.length > ITEM_WIDTHS[name]:
                raise ValueError(
                    msg("items: {name} holds at most {width} characters", name=name, width=ITEM_WIDTHS[name])
                )
        return self
