"""Time stamps by a real service: what is taken for one, and what a service may not do."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from notes import note
from time_stamping import Answer, TimeStamping, make_authority, time_stamping

from u8sync.anchoring.publishing import publish_all
from u8sync.anchoring.stamps import keep_stamp, verify_stamps
from u8sync.anchoring.timestamp import MOST_BYTES, TimestampAnchor, verify_timestamp
from u8sync.errors import BackendError, FatalError, InputError, TransientError
from u8sync.text import Message


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TimeStamping]:
    with time_stamping(tmp_path_factory.mktemp("service")) as service:
        yield service


@pytest.fixture
def service(running: TimeStamping) -> Iterator[TimeStamping]:
    honest = running.answer
    running.requests.clear()
    yield running
    running.answer = honest


def anchor(service: TimeStamping) -> TimestampAnchor:
    return TimestampAnchor(service.url, service.authority.certificates, 20)


def trusted(service: TimeStamping) -> bytes:
    return service.authority.certificates.read_bytes()


def refusal(service: TimeStamping) -> BackendError:
    with pytest.raises(BackendError) as caught:
        anchor(service).publish(note(3))
    return caught.value


def test_a_stamp_says_when_and_holds_for_this_text_alone(service: TimeStamping) -> None:
    token = anchor(service).publish(note(3))
    at = verify_timestamp(token, note(3), trusted(service))
    assert isinstance(at, datetime)
    assert abs(at - datetime.now(UTC)) < timedelta(minutes=5)
    told = verify_timestamp(token, note(3, fork="x"), trusted(service))
    assert str(told) == "the time stamp does not hold (Mismatch between messages)"


def test_openssl_finds_the_same(service: TimeStamping, tmp_path: Path) -> None:
    (tmp_path / "stamp.tsr").write_bytes(anchor(service).publish(note(3)))
    (tmp_path / "note").write_bytes(note(3).encode())
    command = ["openssl", "ts", "-verify", "-data", "note", "-in", "stamp.tsr"]
    done = subprocess.run(
        [*command, "-CAfile", str(service.authority.certificates)],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Verification: OK" in done.stdout


def test_a_request_carries_neither_a_password_nor_the_checkpoint(
    service: TimeStamping, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password Geheim\n", encoding="ascii")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    anchor(service).publish(note(3))
    ((headers, request),) = service.requests
    assert "Authorization" not in headers
    assert headers["Content-Type"] == "application/timestamp-query"
    assert len(request) < 100


def test_the_name_shows_nothing_of_what_may_be_a_key() -> None:
    shy = TimestampAnchor("https://me:geheim@tsa.example:8443/a/tsr?key=geheim", Path("ca.pem"))
    assert shy.name == "https://tsa.example:8443/a/tsr"
    assert "geheim" not in repr(shy)


def test_a_changed_byte_never_makes_another_time(service: TimeStamping) -> None:
    """Some bytes of the envelope are signed by nobody; what they surround stays."""
    token = anchor(service).publish(note(3))
    at = verify_timestamp(token, note(3), trusted(service))
    whole = [verify_timestamp(_changed(token, place), note(3), trusted(service)) for place in range(len(token))]
    assert {found for found in whole if not isinstance(found, Message)} <= {at}
    assert sum(isinstance(found, Message) for found in whole) > 0.98 * len(token)


def _changed(token: bytes, place: int) -> bytes:
    return token[:place] + bytes([token[place] ^ 1]) + token[place + 1 :]


# --- answers that are none --------------------------------------------------------------------------------------------


def test_a_refusal_is_told_in_the_services_words(service: TimeStamping) -> None:
    service.answer = lambda request: Answer(service.authority.answer(request, digests="sha512"))
    assert str(refusal(service)).endswith(
        "the service gave no time stamp (status 2: Message digest algorithm is not supported.)"
    )


def test_an_older_answer_to_the_same_text_is_not_taken(service: TimeStamping) -> None:
    older = anchor(service).publish(note(3))
    service.answer = lambda _: Answer(older)
    assert str(refusal(service)).endswith("the time stamp does not hold (Nonce mismatch)")


def test_the_stamp_of_another_text_is_not_taken(service: TimeStamping) -> None:
    other = anchor(service).publish(note(4))
    service.answer = lambda _: Answer(other)
    assert isinstance(refusal(service), FatalError)


def test_a_service_that_nobody_vouches_for_is_not_trusted(service: TimeStamping, tmp_path: Path) -> None:
    stranger = make_authority(tmp_path)
    service.answer = lambda request: Answer(stranger.answer(request))
    assert "Error while verifying certificates" in str(refusal(service))


def test_bytes_that_are_no_answer_are_told(service: TimeStamping) -> None:
    for body in (b"", b"<html>login</html>", b"\x30\x80"):
        service.answer = lambda _, body=body: Answer(body)
        assert str(refusal(service)).endswith("this is no time stamp in the strict form (DER) that RFC 3161 asks for")


def test_a_redirect_is_not_followed(service: TimeStamping) -> None:
    service.answer = lambda _: Answer(b"", 307, {"Location": f"{service.url}/elsewhere"})
    assert str(refusal(service)) == (
        f"The time stamping service {service.url} sends us to another address; that is refused"
    )
    assert len(service.requests) == 1


@pytest.mark.parametrize(("status", "kind"), [(503, TransientError), (404, FatalError), (401, FatalError)])
def test_another_status_is_told(service: TimeStamping, status: int, kind: type[BackendError]) -> None:
    service.answer = lambda _: Answer(b"secret words", status)
    error = refusal(service)
    assert isinstance(error, kind)
    assert str(error) == f"The time stamping service {service.url} answered with the HTTP status {status}"


def test_an_endless_answer_is_not_read_to_its_end(service: TimeStamping) -> None:
    service.answer = lambda _: Answer(b"0" * (MOST_BYTES * 20))
    assert str(refusal(service)) == f"The answer of {service.url} is too long to be a time stamp"


def test_an_answer_that_does_not_come_is_not_waited_for(service: TimeStamping) -> None:
    service.hold.clear()
    try:
        with pytest.raises(TransientError, match=r"did not answer within 0\.2 s"):
            TimestampAnchor(service.url, service.authority.certificates, 0.2).publish(note(3))
    finally:
        service.hold.set()


# --- certificates -----------------------------------------------------------------------------------------------------


def test_a_missing_file_of_certificates_is_told_before_anything_is_sent(service: TimeStamping, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        TimestampAnchor(service.url, tmp_path / "none.pem").publish(note(3))
    assert str(tmp_path / "none.pem") in str(caught.value)
    assert service.requests == []


@pytest.mark.parametrize("pem", [b"", b"\xff", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_file_without_certificates_is_told(service: TimeStamping, pem: bytes) -> None:
    token = anchor(service).publish(note(3))
    told = verify_timestamp(token, note(3), pem)
    assert str(told) == "there is no usable certificate in the file of trusted certificates"


# --- the stamps beside a log ------------------------------------------------------------------------------------------


def test_each_stamp_beside_a_log_is_checked_against_the_checkpoint_of_its_size(
    service: TimeStamping, tmp_path: Path
) -> None:
    stamps = tmp_path / "anchors"
    for size in (3, 5):
        assert publish_all([anchor(service)], [note(size)], stamps) == []
    keep_stamp(stamps, "forged", note(5), b"nothing")
    keep_stamp(stamps, "of a log that was longer", note(8), anchor(service).publish(note(8)))
    found = list(verify_stamps(stamps, [note(3), note(5)], trusted(service)))
    told = sorted((one.size, str(one.found)) for one in found if isinstance(one.found, Message))
    assert told == [
        (5, "this is no time stamp in the strict form (DER) that RFC 3161 asks for"),
        (8, "the log has no checkpoint of this size"),
    ]
    assert [one.size for one in found if isinstance(one.found, datetime)] == [3, 5]
    forked = list(verify_stamps(stamps, [note(3, fork="x")], trusted(service)))
    assert str(forked[0].found) == "the time stamp does not hold (Mismatch between messages)"
