"""What every test of this folder needs: the password of the emulated server, and no way around 127.0.0.1."""

import pytest
from anchor_site import SECRET
from sqlserver_site import PASSWORD


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD, SECRET)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
