"""Tests of which URIs mean the same thing, and which never may."""

from __future__ import annotations

import posixpath
from pathlib import PurePosixPath
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from braid_db.identity import IdentityRules, digest, folders_above, transfer_uri

COLLECTION = "6c54cade-bde5-45c1-bdea-f4bd71dba2cc"
RULES = IdentityRules(host="beamline", collections={COLLECTION: "file://Store/data/"})

# Each with where it is said; "ours" is said in this project's design.
SAME = [
    ("http://example.com/", "HTTP://EXAMPLE.com/", "RFC 3986, 6.2.2.1"),
    ("http://example.com/a%2fb", "http://example.com/a%2Fb", "RFC 3986, 6.2.2.1"),
    ("http://example.com/%7Euser", "http://example.com/~user", "RFC 3986, 6.2.2.2"),
    ("example://a/b/c/%7Bfoo%7D", "eXAMPLE://a/./b/../b/%63/%7bfoo%7d", "RFC 3986, 6.2.2"),
    ("http://example.com/a/g", "http://example.com/a/b/c/./../../g", "RFC 3986, 5.2.4"),
    ("http://example.com/g", "http://example.com/../../g", "RFC 3986, 5.4.2"),
    ("http://example.com/a/b", "http://example.com/a/%2E%2e/a/b", "RFC 3986, 6.2.2.2 and 5.2.4"),
    ("http://example.com", "http://example.com/", "RFC 3986, 6.2.3"),
    ("http://example.com/%C3%A9", "http://example.com/\u00e9", "RFC 3987, 3.1"),
    ("http://[2001:db8::7]/x", "http://[2001:DB8::7]/x", "RFC 3986, 3.2.2"),
    ("file:///data/x", "file:/data/x", "RFC 8089, 2"),
    ("file:///data/x", "file://localhost/data/x", "RFC 8089, 2"),
    ("file:///data/a%3Db", "file:///data/a=b", "RFC 8089, 2: a path's = delimits nothing"),
    ("file:///data/x", "file:///data//x/", "POSIX 4.13, and ours"),
    ("file:///data/100%25", "file:///data/100%", "ours: a % that escapes nothing is a %"),
    ("file:///data/x", "file://beamline/data/x", "ours: the definition's or the setting's host"),
    ("file://gpu1/data/x", "gpu1:/data/x", "ours: host:/path"),
    ("file://gpu1/data/x", "ada@GPU1:/data/x", "ours: whose account a file is reached by"),
    ("file://store/data/a/b", f"globustransfer://{COLLECTION}/a/b", "ours: [collections]"),
    ("file://store/data", f"globustransfer://{COLLECTION.upper()}/", "ours: [collections]"),
]

DIFFERENT = [
    ("http://example.com/a", "http://example.com/A"),
    ("http://example.com/a", "http://example.com/a?b"),
    ("http://example.com/a?b=1", "http://example.com/a?b=2"),
    ("http://example.com/a", "http://example.com/a#b"),
    ("http://example.com/a", "https://example.com/a"),
    ("http://example.com/a%2Fb", "http://example.com/a/b"),
    ("http://example.com/a%3Db", "http://example.com/a=b"),
    ("http://example.com/a//b", "http://example.com/a/b"),
    ("http://ada@example.com/", "http://bob@example.com/"),
    ("http://example.com:8080/", "http://example.com/"),
    ("file:///a%2Fb", "file:///a/b"),
    ("file:///a%3Fb", "file:///a?b"),
    ("file://gpu1/a", "file://gpu2/a"),
    ("file://gpu1/a", "globustransfer://gpu1/a"),
    ("urn:a:b", "urn:a:B"),
    ("foo+x:/a", "foo+x:///a"),
    (f"globustransfer://{COLLECTION}/~/a", "file://store/data/~/a"),
]

NONE = [
    "",
    "x.h5",
    "/data/x.h5",
    "./x",
    "C:/data/x",
    "c:\\data",
    "http:",
    "file:///my data/x",
    "two words:x",
    "file:data/x",
    "globustransfer:/x",
    "globustransfer:///x",
    "h:/x",
    "://x",
]


@pytest.mark.parametrize(("one", "other", "source"), SAME)
def test_these_mean_the_same(one: str, other: str, source: str) -> None:
    assert RULES.canonical(one) == RULES.canonical(other), source
    assert RULES.canonical(one) is not None


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_these_never_mean_the_same(one: str, other: str) -> None:
    assert RULES.canonical(one) != RULES.canonical(other)
    assert None not in (RULES.canonical(one), RULES.canonical(other))


@pytest.mark.parametrize("uri", NONE)
def test_these_identify_nothing(uri: str) -> None:
    assert RULES.canonical(uri) is None


def test_a_definition_says_which_host_its_files_lie_on() -> None:
    assert RULES.canonical("file:///data/x", "GPU1") == "file://gpu1/data/x"
    assert RULES.canonical("file://named/data/x", "gpu1") == "file://named/data/x"
    assert RULES.canonical("https://example.com/x", "gpu1") == "https://example.com/x"


texts = st.text(min_size=1, max_size=12)
uri_like = st.builds(
    "{}{}{}".format,
    st.sampled_from(
        ["file://", "FILE:", "http://", "globustransfer://", "gpu1:/", "urn:", "a.b:/"]
    ),
    st.sampled_from(["", "Host", "u@h:8", f"{COLLECTION}/", "[::1]", "/"]),
    st.text("/.%aA4=~?#[ \u00e9\ud800:@2", max_size=20),
)


@given(uri=texts | uri_like)
@example("foo+x:/.//bar")
@example("file:///%%34%31")
@example("http://%5B")
def test_the_canonical_form_of_a_canonical_form_is_itself(uri: str) -> None:
    canonical = RULES.canonical(uri)
    if canonical is not None:
        assert RULES.canonical(canonical) == canonical


@given(uri=texts | uri_like)
def test_every_canonical_form_has_a_digest_and_no_character_that_would_need_an_escape(
    uri: str,
) -> None:
    canonical = RULES.canonical(uri)
    if canonical is not None:
        assert canonical.isascii()
        assert len(digest(canonical)) == 32


names = st.text(
    st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=8
).filter(lambda name: name not in (".", ".."))
paths = st.lists(names, min_size=1, max_size=5).map(lambda parts: "/" + "/".join(parts))


@given(path=paths)
def test_a_path_has_one_identity_however_a_program_writes_its_uri(path: str) -> None:
    plain = RULES.canonical(f"file://gpu1{quote(path)}")
    assert plain is not None
    assert RULES.canonical(f"file://gpu1{quote(path, safe='/~!$&()*+,;=:@')}") == plain
    assert RULES.canonical(f"file://gpu1{quote(path, safe='')}".replace("%2F", "/")) == plain
    as_uri = PurePosixPath(path).as_uri()
    assert IdentityRules(host="gpu1").canonical(as_uri) == plain


@given(path=paths)
def test_a_file_and_its_place_on_a_known_collection_are_one(path: str) -> None:
    by_transfer = RULES.canonical(transfer_uri(COLLECTION, path))
    assert by_transfer is not None
    if not path.startswith("/~"):
        assert by_transfer == RULES.canonical(f"file://store/data{quote(path)}")


@given(one=paths, other=paths)
def test_two_paths_are_one_file_only_if_they_lead_to_the_same_name(one: str, other: str) -> None:
    same = posixpath.normpath(one) == posixpath.normpath(other)
    canonical = [RULES.canonical(f"file:///{quote(path)}") for path in (one, other)]
    assert (canonical[0] == canonical[1]) == same


def spelled_otherwise(draw: st.DrawFn, path: str) -> str:
    """Return a path with escapes and dot segments that change nothing."""
    segments = []
    for segment in path.split("/")[1:]:
        escaped = "".join(
            f"%{ord(c):02x}" if draw(st.booleans()) and c.isascii() and c.isalnum() else quote(c)
            for c in segment
        )
        segments.append(draw(st.sampled_from(["", "./", "x/../", "%2e/", "y/%2E%2e/"])) + escaped)
    return "/" + "/".join(segments) + draw(st.sampled_from(["", "/", "/."]))


@given(data=st.data(), path=paths, scheme=st.sampled_from(["file", "http", "s3"]))
def test_what_changes_nothing_by_rfc_3986_changes_no_identity(
    data: st.DataObject, path: str, scheme: str
) -> None:
    @st.composite
    def other(draw: st.DrawFn) -> str:
        host = draw(st.sampled_from(["gpu1", "GPU1", "gPu%31"]))
        name = draw(st.sampled_from([scheme, scheme.upper()]))
        return f"{name}://{host}{spelled_otherwise(draw, path)}"

    assert RULES.canonical(data.draw(other())) == RULES.canonical(f"{scheme}://gpu1{quote(path)}")


@given(path=paths, scheme=st.sampled_from(["file://gpu1", "globustransfer://other"]))
def test_a_file_lies_in_each_folder_above_it(path: str, scheme: str) -> None:
    canonical = RULES.canonical(f"{scheme}{quote(path)}")
    assert canonical is not None
    parents = [str(parent) for parent in PurePosixPath(path).parents]
    folders = [RULES.canonical(f"{scheme}{quote(parent)}") for parent in parents]
    assert list(folders_above(canonical)) == folders


def test_what_is_no_file_lies_in_no_folder() -> None:
    assert list(folders_above("https://example.com/a/b")) == []
    assert list(folders_above("urn:a/b")) == []
    assert list(folders_above("file://gpu1")) == []


@pytest.mark.parametrize(
    ("endpoint", "path", "uri"),
    [
        ("e", "/a/b", "globustransfer://e/a/b"),
        ("e", "a/b", "globustransfer://e/a/b"),
        ("e", "//a", "globustransfer://e/a"),
        ("e", "/~/a", "globustransfer://e/~/a"),
        ("e", "/my data/100%?#[x].h5", "globustransfer://e/my%20data/100%25%3F%23%5Bx%5D.h5"),
        ("e", "/\u00e9", "globustransfer://e/%C3%A9"),
    ],
)
def test_a_path_on_a_collection_has_one_slash_and_what_must_be_escaped(
    endpoint: str, path: str, uri: str
) -> None:
    assert transfer_uri(endpoint, path) == uri
