"""The settings of a SQL Server, as they stand under ``account_set`` and ``audit.anchors`` in the configuration file."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from u8sync.backends.secrets import SecretReference
from u8sync.text import msg

__all__ = ["ConnectionOptions", "SqlServerOptions", "TableName", "Word"]

Word = Annotated[str, StringConstraints(min_length=1, max_length=400, pattern=r"^[^\x00-\x1f]+$")]
TableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}\.[A-Za-z_][A-Za-z0-9_]{0,127}$")]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=8, max_length=400)]


class ConnectionOptions(BaseModel):
    """How a SQL Server is reached."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    server: Word = Field(
        description="服务器：主机、主机\\实例 或 IP 地址。 The server: host, host\\instance or address.",
    )
    port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="端口；给出端口时不查询实例名。 Port; with a port the instance name is not looked up.",
    )
    login: Word | None = Field(
        default=None,
        description="SQL Server 登录名；不给出时用 Windows 身份验证。 SQL login; Windows authentication when absent.",
    )
    password: SecretReference | None = Field(
        default=None,
        description="登录密码的出处：env、file 或 keyring。 Where the password is kept: env, file or keyring.",
    )
    interface: Literal["pyodbc", "mssql-python"] | None = Field(
        default=None,
        description="Python 接口；不给出时选用已安装的。 The Python interface; the installed one when absent.",
    )
    driver: Word | None = Field(
        default=None,
        description="ODBC 驱动的名称或文件路径；不给出时选用已安装的最佳驱动。 "
        "Name or file of the ODBC driver; the best one installed when absent.",
    )
    encrypt: Literal["yes", "strict", "no"] = Field(
        default="yes",
        description="连接加密；no 须说明 insecure_reason。 Encryption; 'no' needs insecure_reason.",
    )
    trust_server_certificate: bool = Field(
        default=False,
        description="不验证服务器证书，须说明 insecure_reason。 Do not check the certificate; needs insecure_reason.",
    )
    server_certificate: Word | None = Field(
        default=None,
        description="服务器证书文件，只信任它；用于 encrypt: strict。 "
        "The server's certificate file, the only one trusted; for 'encrypt: strict'.",
    )
    host_name_in_certificate: Word | None = Field(
        default=None,
        description="证书中的主机名，与 server 不同时给出。 Host name in the certificate, when not that of server.",
    )
    insecure_reason: Reason | None = Field(
        default=None,
        description="为何接受不加密或不验证证书；写入报告和审计日志。 Why no encryption or no check is accepted; "
        "shown in reports and in the audit log.",
    )
    login_timeout_s: int = Field(default=15, ge=1, le=120, description="登录超时，秒。 Login timeout in seconds.")
    allow_overprivileged: Reason | None = Field(
        default=None,
        description="为何允许 sysadmin、db_owner 一类的登录写入。 Why a login such as sysadmin or db_owner may write.",
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.encrypt == "no" or self.trust_server_certificate) and self.insecure_reason is None:
            raise ValueError(
                msg("insecure_reason is missing"),
                msg("Say why this site accepts it: the reason stands in every report and in the audit log."),
            )
        if self.server_certificate is not None and self.encrypt != "strict":
            raise ValueError(
                msg("server_certificate counts only with 'encrypt: strict'"),
                msg("Elsewhere the drivers ignore it: put the certificate among those that this machine trusts."),
            )
        if (self.login is None) != (self.password is None):
            raise ValueError(
                msg("login and password go together"),
                msg("Give both for an SQL login, or neither for Windows authentication."),
            )
        return self


class SqlServerOptions(ConnectionOptions):
    """Settings of an account set on SQL Server."""

    account: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{3}$")] | None = Field(
        default=None,
        description="账套号，三位，如 '001'。 Code of the account set, three characters such as '001'.",
    )
    database: Word | None = Field(
        default=None,
        description="账套数据库名；不给出时从 UFSystem 查找。 Database of the account set; UFSystem tells when absent.",
    )
    read_intent: bool = Field(
        default=False,
        description="读取时声明只读意图（可用性组的只读副本）。 Declare read intent when reading (readable replicas).",
    )
    statement_timeout_s: int = Field(
        default=300, ge=1, le=3600, description="单条语句超时，秒。 Timeout of one statement in seconds."
    )
    readers: int = Field(
        default=1,
        ge=1,
        le=8,
        description="同时进行的汇总查询数，各用一个连接。 "
        "Sums that are asked for at a time, each on a connection of its own.",
    )
    lock_timeout_s: int = Field(
        default=5,
        ge=0,
        le=300,
        description="写入时等待他人锁的秒数。 Seconds a write waits for somebody else's lock.",
    )
    write_form: Literal["set", "row"] = Field(
        default="set",
        description="set：一批一条语句；row：逐行，适用于触发器只认单行的站点。 "
        "set: one statement for a batch; row: row by row, for sites whose triggers expect single rows.",
    )
    receipts: TableName | None = Field(
        default=None,
        description="回执表，如 u8sync.receipt：与写入同一事务。 Receipt table such as u8sync.receipt, written in the "
        "same transaction.",
    )
    read_only: bool = Field(default=False, description="只读：从不写入。 Never write.")
