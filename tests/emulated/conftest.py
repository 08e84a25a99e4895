from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from emulated import EmulatedServer
from emulated.client import Client

DATABASE = "UFDATA_999_2019"

WORLD = """
INSERT INTO Customer
       (cCusCode, cCusAbbName, cCusName, cCCCode, cCusDefine4, iCusCreLine, iCusCreDate, bCusState, dEndDate)
VALUES (N'C001', N'上海一', N'上海第一贸易有限公司', N'0101', N'金', 100000.5, 30, 1, '2026-12-31'),
       (N'c002', N'二', NULL, NULL, N'银  ', NULL, NULL, 0, NULL),
       (N'007', N'零零七', N'', N'0102', NULL, 0.1, NULL, 0, NULL);
INSERT INTO SaleBillVouch (SBVID, cVouchType, dDate, cCusCode, cChecker) VALUES
       (1, N'26', '2026-01-05', N'C001', N'张三'), (2, N'26', '2026-02-28', N'C001', N'张三'),
       (3, N'26', '2026-03-31', N'C002 ', N'  ');
INSERT INTO SaleBillVouchs (AutoID, SBVID, iNatMoney, iQuantity) VALUES
       (11, 1, 0.1, 1), (12, 1, 0.2, 2.5), (21, 2, -0.3333, NULL), (31, 3, 922337203685477.5807, 3);
"""


@pytest.fixture
def make_server(tmp_path: Path) -> Iterator[Callable[..., EmulatedServer]]:
    """Makes servers with the small world above, and closes them."""
    made: list[EmulatedServer] = []

    def make(**settings: str) -> EmulatedServer:
        server = EmulatedServer.create(tmp_path / str(len(made)), ["UFDATA_999_2015", DATABASE], **settings)  # type: ignore[arg-type]
        server.run(WORLD, DATABASE)
        server.journal.clear()
        server.add_login("admin", "secret", sysadmin=True)
        made.append(server)
        return server

    yield make
    for server in made:
        server.close()


@pytest.fixture
def server(make_server: Callable[..., EmulatedServer]) -> EmulatedServer:
    return make_server()


@pytest.fixture
def client(server: EmulatedServer) -> Client:
    return Client(server)
