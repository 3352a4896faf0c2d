import pytest
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.engine import make_url

from syncwatch.config.database import database_url

FOLDER = "?host=/run/postgresql"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://u@h/d?ssl=verify-full", {"host": "h", "ssl": "verify-full"}),
        ("postgresql+asyncpg://u@DB.example.com:5433/d?ssl=disable", {"host": "db.example.com", "port": 5433, "ssl": "disable"}),
        ("postgresql://u@127.0.0.1/d", {"host": "127.0.0.1"}),
        ("postgresql://u@localhost:5432/d?ssl=prefer", {"host": "localhost", "port": 5432, "ssl": "prefer"}),
        ("postgresql://a%40b@[::1]:1/my%20db%2Fx", {"host": "::1", "port": 1, "user": "a@b", "database": "my db/x"}),
        ("postgresql://u@/d?host=/run/postgresql", {"host": "/run/postgresql"}),
        ("postgresql://u@:5433/d?ssl=disable&host=%2Frun%2Fa%20b", {"host": "/run/a b", "port": 5433, "ssl": "disable"}),
    ],
)  # fmt: skip
def test_where_a_database_is_as_the_driver_takes_it(text, expected):
    url = database_url(text)
    assert url == database_url(url)
    _, given = dialect().create_connect_args(make_url(url))
    assert given == {"user": "u", "database": "d", **expected}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("sqlite:///hunter2", "must be the URL of a PostgreSQL database"),
        ("postgres://u@h/hunter2", "must be the URL of a PostgreSQL database"),
        ("postgresql+psycopg://u@h/hunter2", "must be the URL of a PostgreSQL database"),
        ("hunter2", "must be the URL of a PostgreSQL database"),
        ("postgresql://h/hunter2", "must be the URL of a PostgreSQL database"),
        ("postgresql://u@localhost", "must be the URL of a PostgreSQL database"),
        ("postgresql://u@localhost/hunter2/e", "must be the URL of a PostgreSQL database"),
        ("postgresql://u@localhost/hunter2%0a", "must be the URL of a PostgreSQL database"),
        ("postgresql://u@localhost/hunter2%ff", "must be the URL of a PostgreSQL database"),
        ("postgresql://u@localhost/d#hunter2", "must be the URL of a PostgreSQL database"),
        ("postgresql://u@localhost/hunter2 d", "must be the URL of a PostgreSQL database"),
        ("postgresql://u@localhost/" + "hunter2" * 1000, "must be the URL of a PostgreSQL database"),
        ("postgresql://u@localhost:0/d", "must be the URL of a PostgreSQL database"),
        ("postgresql://u@[::1/d", "must be the URL of a PostgreSQL database"),
        ("postgresql://u:hunter/2@h/d", "must be the URL of a PostgreSQL database"),
        ("postgresql://u@h1,hunter2/d?ssl=require", "must be the URL of a PostgreSQL database"),
        ("postgresql://u@/d", r"or postgresql\+asyncpg://user@/database\?host="),
        ("postgresql://u:hunter2@h/d", "put it into a file and name that as `password_file`"),
        ("postgresql://u:@localhost/d", "put it into a file and name that as `password_file`"),
        ("postgresql://u@h/d?password=hunter2", "put it into a file and name that as `password_file`"),
        ("postgresql://u@h/d?sslpassword=hunter2", "`ssl` and `host` in its query, each once, and nothing else"),
        ("postgresql://u@h/d?ssl=require&ssl=require", "each once"),
        ("postgresql://u@h/d?ssl=hunter2", "`ssl` must be one of disable, allow, prefer, require, verify-ca, verify-full"),
        ("postgresql://u@h/d?ssl", "`ssl` must be one of"),
        ("postgresql://u@h/d?host=/hunter2", "`host` in the query is instead of a host"),
        ("postgresql://u@/d?host=hunter2", "`host` in the query is instead of a host"),
        ("postgresql://u@/d?host=/hunter2%00", "`host` in the query is instead of a host"),
    ],
)  # fmt: skip
def test_where_no_database_is(text, says):
    with pytest.raises(ValueError, match=says) as error:
        database_url(text)
    assert "hunter2" not in str(error.value)
    assert error.value.__context__ is None


@pytest.mark.parametrize("host", ["h", "10.0.0.1", "[2001:db8::1]", "localhost.example.com"])
def test_what_crosses_a_network_says_how_it_is_protected(host):
    with pytest.raises(ValueError, match=r"add `\?ssl=verify-full`, or another of disable, allow"):
        database_url(f"postgresql://u@{host}/d")
    assert database_url(f"postgresql://u@{host}/d?ssl=prefer").endswith("/d?ssl=prefer")
