"""Who is answered, and who is refused."""

from __future__ import annotations

import platform

import pytest

from igtl.viewer.guard import PAGE_HEADERS, Guard, is_loopback, new_token

OWN = Guard("127.0.0.1")
SECRET = "s3cret-ünd-lang"


def refusal(
    guard: Guard, path: str = "/api/board", token: str | None = None, **headers: str
) -> str:
    """Why a request is refused; "" when it is not."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return guard.refusal(named, token, path=path) or ""


@pytest.mark.parametrize(
    "host", ["localhost:8080", "LocalHost", "127.0.0.1:9", "[::1]:8080", "[::1]"]
)
def test_our_own_names_are_let_in(host: str) -> None:
    assert refusal(OWN, Host=host) == ""


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:8080",
        "localhost.evil.example",
        "127.0.0.1.evil.example:8080",
        "192.168.1.5:8080",
        "[::2]:8080",
        "evil@localhost",
        ":8080",
    ],
)
@pytest.mark.parametrize("path", ["/", "/main.js", "/api/board"])
def test_a_name_that_was_made_to_point_here_is_refused(host: str, path: str) -> None:
    text = refusal(OWN, path, Host=host)
    assert "is not called" in text
    assert "--host" in text


def test_no_host_at_all_is_refused() -> None:
    assert "is not called ''" in refusal(OWN)


def test_the_name_that_was_typed_is_let_in() -> None:
    guard = Guard("Theatre-3.local", SECRET)
    assert refusal(guard, "/", Host="theatre-3.LOCAL:8080") == ""
    assert "is not called" in refusal(guard, "/", Host="theatre-4.local:8080")


@pytest.mark.parametrize("typed", ["fe80::1", "FE80:0::1", "[fe80::0:1]"])
def test_the_address_that_was_typed_is_let_in_as_browsers_write_it(typed: str) -> None:
    guard = Guard(typed, SECRET)
    assert refusal(guard, "/", Host="[fe80::1]:8080") == ""
    assert "is not called" in refusal(guard, "/", Host="[fe80::2]:8080")


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_for_all_addresses_any_address_is_let_in_and_the_own_name(host: str) -> None:
    guard = Guard(host)
    for name in ("192.168.1.5:8080", "[fe80::1]:8080", f"{platform.node().upper()}:8080"):
        assert refusal(guard, Host=name) == ""
    assert "is not called" in refusal(guard, Host="evil.example")


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://localhost:3000",
        "http://localhost",
        "http://localhost:8080.evil.example",
        "null",
        "",
        "file://",
    ],
)
def test_a_page_of_somebody_else_is_refused(origin: str) -> None:
    text = refusal(OWN, "/api/live", Host="localhost:8080", Origin=origin)
    assert "only the page of this server may" in text


@pytest.mark.parametrize("origin", ["http://localhost:8080", "HTTPS://LOCALHOST:8080"])
def test_our_own_page_is_let_in(origin: str) -> None:
    assert refusal(OWN, "/api/live", Host="localhost:8080", Origin=origin) == ""


@pytest.mark.parametrize("site", ["cross-site", "same-site", "what"])
def test_values_are_not_given_to_other_sites(site: str) -> None:
    assert "another site" in refusal(OWN, Host="localhost", Sec_Fetch_Site=site)
    assert refusal(OWN, "/", Host="localhost", Sec_Fetch_Site=site) == ""  # a link to the page


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_values_are_given_to_our_page(site: str) -> None:
    assert refusal(OWN, Host="localhost", Sec_Fetch_Site=site) == ""


@pytest.mark.parametrize("token", [None, "", "wrong", SECRET[:-1], SECRET + "x", "\udcff"])
def test_who_does_not_know_the_token_is_refused(token: str | None) -> None:
    guard = Guard("0.0.0.0", SECRET)
    assert "token is missing or wrong" in refusal(guard, token=token, Host="10.0.0.1")
    assert refusal(guard, "/main.js", token, Host="10.0.0.1") == ""  # there is nothing in it


def test_who_knows_the_token_is_let_in() -> None:
    assert refusal(Guard("0.0.0.0", SECRET), token=SECRET, Host="10.0.0.1") == ""


def test_tokens_differ_and_need_no_quoting() -> None:
    tokens = {new_token() for _ in range(50)}
    assert len(tokens) == 50
    assert all(len(token) >= 24 and token.replace("-", "a").isascii() for token in tokens)
    assert all(token.replace("-", "a").replace("_", "a").isalnum() for token in tokens)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("LOCALHOST", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.5", False),
        ("theatre-3.local", False),
        ("localhost.evil.example", False),
    ],
)
def test_what_only_this_machine_reaches(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_the_page_loads_nothing_from_elsewhere_and_runs_nothing_inline() -> None:
    policy = PAGE_HEADERS["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in policy
    for bad in ("*", "http", "unsafe"):
        assert bad not in policy
