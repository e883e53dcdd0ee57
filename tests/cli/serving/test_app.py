"""The routes of ``multilayer serve``: answers equal those of the model, and errors name what is wrong."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from starlette.testclient import TestClient

from multilayer import EnsembleClassifier, MLPClassifier, MLPRegressor, TableClassifier, load_model, save_model
from multilayer.cli.serving.answer import Answer
from multilayer.cli.serving.answering import answers_to
from multilayer.cli.serving.app import Service, application
from multilayer.cli.serving.limits import ServerLimits
from multilayer.cli.serving.predictions import answers
from multilayer.cli.serving.requests import RequestReader
from multilayer.cli.serving.served import ServedModel
from multilayer.tables import TableEncoder, read_table

ONE_EPOCH = {"max_iter": 2, "n_iter_no_change": None, "random_state": 0}
PERSON = {"age": 41, "income": 0.25, "town": "Ulm"}


@contextmanager
def client_of(path: Path, **limits: Any) -> Iterator[TestClient]:
    """A client of a server that serves a file."""
    found = ServerLimits(**limits)
    served = ServedModel.load(path, found)
    reader = RequestReader(served.saved, found.most_rows)

    def exchange(bodies: Sequence[bytes]) -> list[Answer]:
        return answers_to(bodies, reader, partial(answers, served.saved))

    app = application(Service(exchange, served.about, served.schema, found), found)
    with TestClient(app, base_url="http://localhost:8000", raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def people(people_model) -> Iterator[TestClient]:
    with client_of(people_model) as client:
        yield client


@pytest.fixture(scope="module")
def houses(houses_model) -> Iterator[TestClient]:
    with client_of(houses_model) as client:
        yield client


def predictions(client: TestClient, rows: list[Any], **options: Any) -> list[dict[str, Any]]:
    answer = client.post("/predict", json={"rows": rows, **options})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    found = answer.json()["predictions"]
    assert len(found) == len(rows)
    return found


def error(client: TestClient, status: int, **request: Any) -> str:
    answer = client.post("/predict", **request)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")
    return answer.json()["error"]


def rows_of(table: Path, *columns: str) -> list[dict[str, Any]]:
    return read_table(table).select(list(columns)).to_pylist()


def shares(found: list[dict[str, Any]]) -> list[list[float]]:
    return [list(each["probabilities"].values()) for each in found]


def test_probabilities_and_labels_equal_those_of_predict(people, table, people_model):
    rows = rows_of(table, "age", "income", "town")
    found = predictions(people, rows)
    model, frame = load_model(people_model), read_table(table)
    assert shares(found) == model.predict_proba(frame).tolist()
    assert [each["prediction"] for each in found] == model.predict(frame).tolist()
    assert list(found[0]["probabilities"]) == ["no", "yes"]
    assert [predictions(people, [row])[0] for row in rows[:5]] == found[:5]


def test_amounts_intervals_and_reasons_equal_those_of_the_model(houses, houses_table, houses_model):
    rows = rows_of(houses_table, "area", "town")[:8]
    model, frame = load_model(houses_model), read_table(houses_table).slice(0, 8)
    found = predictions(houses, rows, interval=0.8, explain=True)
    assert [each["prediction"] for each in found] == model.predict(frame).tolist()
    low, high = model.predict_interval(frame, coverage=0.8)
    assert [each["interval"] for each in found] == [
        {"lower": lower, "upper": upper} for lower, upper in zip(low.tolist(), high.tolist(), strict=True)
    ]
    reasons = model.explain(frame)
    assert [each["explanation"]["contributions"] for each in found] == [
        dict(zip(("area", "town"), row, strict=True)) for row in reasons.contributions.tolist()
    ]
    assert [each["explanation"]["baseline"] for each in found] == reasons.baseline.tolist()


def test_sets_of_classes(people, people_model):
    (found,) = predictions(people, [PERSON], interval=0.95)
    inside = load_model(people_model).predict_set([PERSON], coverage=0.95)[0]
    assert found["set"] == np.array(["no", "yes"])[inside].tolist()


def test_an_open_interval_has_null_at_its_ends(houses):
    (found,) = predictions(houses, [{"area": 80, "town": "Ulm"}], interval=0.9999)
    assert found["interval"]["upper"] is None


def test_what_the_training_rows_did_not_have_is_a_warning_of_its_row(people):
    found = predictions(people, [PERSON, PERSON | {"town": "Rome"}, PERSON | {"income": 1e9}, PERSON | {"town": None}])
    assert [each["warnings"] for each in (found[0], found[3])] == [[], []]
    assert "column 'town': 'Rome' is a category that the training rows did not have" in found[1]["warnings"]
    assert found[2]["warnings"] == ["far outside the training rows, by values in 'income'"]


def test_further_columns_and_another_order_change_nothing(people):
    other = {"more": [1, {"a": 2}], **dict(reversed(PERSON.items()))}
    assert predictions(people, [other]) == predictions(people, [PERSON])


def test_missing_columns_are_named(people):
    text = error(people, 422, json={"rows": [PERSON, {"Age": 3, "town": "Ulm"}]})
    assert text == "rows[1] has no column 'age'. Did you mean 'Age'? Also missing: 'income'. Write null for a gap."


@pytest.mark.parametrize(
    ("column", "value", "received"),
    [
        ("age", "old", '"old"'),
        ("age", True, "true"),
        ("age", [3], "a list"),
        ("age", 10**400, "10000"),
        ("town", 7, "7"),
        ("town", {"name": "Ulm"}, "an object"),
    ],
)
def test_a_value_of_another_kind_is_named_with_its_row_and_column(people, column, value, received):
    expected = {"age": "a finite number or null", "town": "text or null"}[column]
    answer = people.post("/predict", json={"rows": [PERSON, PERSON | {column: value}]})
    assert answer.status_code == 422
    assert answer.json()["error"].startswith(f"rows[1], column {column!r}: received {received}")
    (problem,) = answer.json()["problems"]
    assert (problem["row"], problem["column"], problem["expected"]) == (1, column, expected)


def test_several_problems_are_listed_up_to_twenty(people):
    bad = PERSON | {"age": "old", "income": "much"}
    answer = people.post("/predict", json={"rows": [bad] * 15}).json()
    assert len(answer["problems"]) == 20
    assert answer["problems"][1] == {
        "row": 0,
        "column": "income",
        "received": '"much"',
        "expected": "a finite number or null",
    }


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"[1", 400, "the body is not JSON: expecting ',' delimiter in line 1, column 3"),
        (b'{"rows": [{"age": NaN}]}', 400, "NaN is no number of JSON. Write null for a gap"),
        (b'{"rows": [{"age": -Infinity}]}', 400, "-Infinity is no number of JSON"),
        (b'{"rows": [{"age": 1, "age": 2}]}', 400, "an object has the name 'age' twice"),
        (b'{"rows": [{"town": "\xff"}]}', 400, "the body is not UTF-8: byte 20 is wrong"),
        (b"[" * 20_000, 400, "nested too deeply"),
        (b'{"rows": [' + b"1" * 5_000 + b"]}", 400, "a number of too many digits"),
        (b"", 400, "the body is not JSON"),
        (b"[]", 422, "a request must be an object such as"),
        (b"{}", 422, '"rows" must be a list of at least one row, got none'),
        (b'{"rows": []}', 422, "got an empty list"),
        (b'{"rows": [3]}', 422, "rows[0] must be an object with the columns by name, got a number"),
        (b'{"row": [{}]}', 422, "unknown member 'row' of the request. Did you mean 'rows'?"),
        (b'{"rows": [{}], "interval": 1}', 422, '"interval" must be a number between 0 and 1, got 1'),
        (b'{"rows": [{}], "explain": "yes"}', 422, '"explain" must be true or false, got "yes"'),
        (b'{"rows": [{"age": 1e999, "income": 1, "town": "Ulm"}]}', 422, "received a number that is too large"),
        (b'{"rows": [{"age": 1, "income": 1, "town": "\\ud800"}]}', 422, "column 'town': received"),
        (b'{"rows": [' + b",".join([b"{}"] * 1_001) + b"]}", 413, "at most 1,000 rows, got 1,001"),
        (b'{"explain": true, "rows": [' + b",".join([b"{}"] * 21) + b"]}", 413, "at most 20 rows, got 21"),
    ],
)
def test_bodies_that_cannot_be_used(people, body, status, message):
    assert message in error(people, status, content=body, headers={"content-type": "application/json"})


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1"]
)
def test_other_content_types_are_refused(people, kind):
    assert "must be application/json" in error(people, 415, content=b"{}", headers={"content-type": kind})


def test_compressed_bodies_are_refused(people):
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    assert "the Content-Encoding must be identity, got gzip" in error(people, 415, content=b"{}", headers=headers)


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/predict", 405), ("POST", "/schema", 405), ("GET", "/x", 404)]
)
def test_other_routes(people, method, path, status):
    answer = people.request(method, path)
    assert answer.status_code == status
    assert "Known: POST /predict, GET /schema" in answer.json()["error"]
    assert ("allow" in answer.headers) == (status == 405)


def test_limits_of_bytes_hold_with_and_without_a_length(people_model):
    with client_of(people_model, most_bytes=500) as client:
        headers = {"content-type": "application/json"}
        assert "at most 500 bytes" in error(client, 413, content=b" " * 501, headers=headers)
        assert "at most 500 bytes" in error(client, 413, content=iter([b" " * 300] * 2), headers=headers)
        assert predictions(client, [PERSON])


def test_a_request_that_takes_too_long_is_answered_by_503_and_the_next_one_is_predicted():
    free = threading.Event()

    def slow(bodies: Sequence[bytes]) -> list[Answer]:
        if b"slow" in bodies[0]:
            free.wait(60)
        return [Answer(200, b"{}") for _ in bodies]

    limits = ServerLimits(seconds=1.5)
    app = application(Service(slow, {}, {}, limits), limits)
    with TestClient(app, base_url="http://localhost") as client:
        answer = client.post("/predict", json="slow")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert answer.json()["error"].startswith("not answered within 1.5 seconds")
        free.set()
        assert client.post("/predict", json="fast").status_code == 200


def test_a_body_that_does_not_arrive_is_answered_by_408():
    limits = ServerLimits(seconds=0.1)
    app = application(Service(lambda _: [], {}, {}, limits), limits)
    headers = [(b"host", b"localhost"), (b"content-type", b"application/json"), (b"content-length", b"50")]
    scope = {"type": "http", "method": "POST", "path": "/predict", "query_string": b"", "headers": headers}
    sent: list[Any] = []

    async def receive() -> Any:
        await asyncio.sleep(60)

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 408
    assert b"has not arrived within 0.1 seconds" in sent[1]["body"]


def test_a_name_that_is_repeated_among_many_is_found_in_one_pass(people_model):
    names = ", ".join(f'"{i}": 0' for i in range(60_000))
    with client_of(people_model) as client:
        headers = {"content-type": "application/json"}
        text = error(client, 400, content="{" + names + ', "59999": 1}', headers=headers)
        assert "has the name '59999' twice" in text


def test_a_request_that_the_end_of_the_server_cuts_off_is_answered_by_503():
    limits = ServerLimits()
    service = Service(lambda _: [], {}, {}, limits)
    headers = [(b"host", b"localhost"), (b"content-type", b"application/json"), (b"content-length", b"50")]
    scope = {"type": "http", "method": "POST", "path": "/predict", "query_string": b"", "headers": headers}
    sent: list[Any] = []

    async def receive() -> Any:
        await asyncio.sleep(60)

    async def send(message: Any) -> None:
        sent.append(message)

    async def cut_off() -> None:
        task = asyncio.create_task(application(service, limits)(scope, receive, send))
        await asyncio.sleep(0.05)
        task.cancel()
        await task

    asyncio.run(cut_off())
    assert (sent[0]["status"], sent[1]["body"]) == (503, b'{"error":"the server is stopping."}')


def test_more_requests_than_allowed_are_answered_by_503_at_once():
    free = threading.Event()

    def slow(bodies: Sequence[bytes]) -> list[Answer]:
        free.wait(60)
        return [Answer(200, b"{}") for _ in bodies]

    limits = ServerLimits(most_requests=2)
    app = application(Service(slow, {}, {}, limits), limits)
    with TestClient(app, base_url="http://localhost") as client, ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(client.post, "/predict", json="wait") for _ in range(2)]
        for _ in range(600):
            if client.get("/health").json()["requests"] == 2:
                break
            time.sleep(0.05)
        answer = client.post("/predict", json={})
        free.set()
        assert (answer.status_code, answer.json()["error"]) == (503, "busy with 2 requests. Try again in a second.")
        assert [each.result().status_code for each in waiting] == [200, 200]


def test_other_hosts_are_refused_but_addresses_and_named_hosts_are_known(people_model):
    with client_of(people_model, hosts=("models.example",)) as client:
        for host, status in {
            "evil.example": 400,
            "localhost.evil.example": 400,
            "": 400,
            "models.example": 200,
            "127.0.0.1:8000": 200,
            "[::1]:8000": 200,
        }.items():
            assert client.get("/health", headers={"host": host}).status_code == status, host


def test_other_sites_may_not_read_answers(people):
    origin = {"origin": "http://evil.example", "access-control-request-method": "POST"}
    answer = people.options("/predict", headers=origin)
    assert answer.status_code == 405
    for each in (answer, people.get("/", headers=origin), people.get("/nowhere")):
        assert not any(name.startswith("access-control") for name in each.headers)
        assert each.headers["cross-origin-resource-policy"] == "same-origin"
        assert each.headers["x-content-type-options"] == "nosniff"


def test_health_says_what_is_served(people):
    found = people.get("/health").json()
    assert (found["status"], found["model"], found["kind"]) == ("ok", "model.safetensors", "TableClassifier")


def test_the_schema_describes_the_columns_and_its_example_is_predicted(people):
    found = people.get("/schema").json()
    row = found["$defs"]["row"]
    assert row["required"] == ["age", "income", "town"]
    assert row["properties"]["town"]["x-categories"] == ["Bonn", "Ulm"]
    low, high = row["properties"]["age"]["x-range"]
    assert 18 <= low < high <= 80
    (example,) = found["examples"]
    answer = people.post("/predict", json=example)
    assert answer.status_code == 200
    assert answer.json()["predictions"][0]["warnings"] == []
    assert found["$defs"]["answer"]["properties"]["predictions"]["items"]["properties"]["prediction"]["enum"] == [
        "no",
        "yes",
    ]


def test_the_page_has_all_in_one_and_a_strict_policy(people):
    answer = people.get("/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"(src|href)=\"(https?:)?//", answer.text)
    assert " style=" not in answer.text
    assert " on" not in " ".join(re.findall(r"<[a-z]+ [^>]*>", answer.text)).replace(" only", "")


def served(tmp_path: Path, model: Any) -> Path:
    path = tmp_path / "served.safetensors"
    save_model(model, path)
    return path


@pytest.mark.parametrize("kind", ["classifier", "regressor", "ensemble", "scaler", "encoder", "table"])
def test_models_of_arrays_take_lists(tmp_path, kind):
    X = np.random.RandomState(0).normal(size=(60, 3))
    y = X[:, 0] > 0
    network = MLPClassifier((4,), **ONE_EPOCH)
    model = {
        "classifier": network,
        "regressor": MLPRegressor((4,), **ONE_EPOCH),
        "ensemble": EnsembleClassifier(network, n_members=2, random_state=0),
        "scaler": make_pipeline(StandardScaler(), network),
        "encoder": make_pipeline(TableEncoder(), network),
        "table": TableClassifier("quick", random_state=0),
    }[kind].fit(X, X[:, 0] if kind == "regressor" else y)
    with client_of(served(tmp_path, model)) as client:
        found = predictions(client, X[:9].tolist())
        if kind == "regressor":
            assert [each["prediction"] for each in found] == model.predict(X[:9]).tolist()
        else:
            assert shares(found) == model.predict_proba(X[:9]).tolist()
            assert [each["prediction"] for each in found] == model.predict(X[:9]).tolist()
            assert list(found[0]["probabilities"]) == ["False", "True"]
        text = error(client, 422, json={"rows": [[1.0, 2.0]]})
        assert text.startswith("rows[0] must be a list of 3 values")
        (row,) = client.get("/schema").json()["examples"][0]["rows"]
        assert len(row) == 3


def test_a_row_that_the_model_refuses_fails_alone(tmp_path):
    X = np.random.RandomState(0).normal(size=(60, 2))
    path = served(tmp_path, MLPClassifier((4,), **ONE_EPOCH).fit(X, X[:, 0] > 0))
    with client_of(path) as client:
        assert "Input X contains NaN" in error(client, 422, json={"rows": [[1.0, None]]})
        assert '"interval" needs a TableClassifier' in error(client, 422, json={"rows": [[1, 2]], "interval": 0.9})


def test_pipelines_of_scikit_learn_are_served(tmp_path, table):
    frame = read_table(table).to_pandas().dropna()
    columns = make_column_transformer((StandardScaler(), ["income"]), (OneHotEncoder(), ["town"]))
    X = frame[["income", "town"]]
    model = make_pipeline(columns, MLPClassifier((4,), **ONE_EPOCH)).fit(X, frame["buys"])
    with client_of(served(tmp_path, model)) as client:
        rows = X.head(6).to_dict("records")
        assert shares(predictions(client, rows)) == model.predict_proba(X.head(6)).tolist()
        assert client.get("/schema").json()["$defs"]["row"]["properties"]["town"]["x-categories"] == ["Bonn", "Ulm"]
        text = error(client, 422, json={"rows": [rows[0] | {"town": "Rome"}]})
        assert text.startswith("the model cannot predict these rows: ")
        assert "Rome" in text


def test_dates_times_and_amounts_as_text(tmp_path):
    rows = [
        {
            "at": f"2024-01-{1 + i % 28:02}T{i % 24:02}:10:00+02:00",
            "clock": f"{i % 24:02}:30",
            "price": f"${1 + i % 9},{100 + i}",
            "flag": i % 3 == 0,
        }
        for i in range(90)
    ]
    lines = [",".join(rows[0]), *(f'{r["at"]},{r["clock"]},"{r["price"]}",{str(r["flag"]).lower()}' for r in rows)]
    path = tmp_path / "table.csv"
    path.write_text("\n".join(lines))
    y = [float(i % 24) for i in range(90)]
    frame = read_table(path)
    model = make_pipeline(TableEncoder(text="typed"), MLPRegressor((4,), **ONE_EPOCH)).fit(frame, y)
    with client_of(served(tmp_path, model)) as client:
        found = predictions(client, rows)
        assert [each["prediction"] for each in found] == model.predict(frame).tolist()
        assert [predictions(client, [row])[0] for row in rows[:3]] == found[:3]
        (lost,) = predictions(client, [rows[0] | {"price": "lots"}])
        assert lost["warnings"] == ["column 'price': 'lots' is no number or date, and counts as a gap"]
        text = error(client, 422, json={"rows": [rows[0], rows[1] | {"at": "2024-01-02"}]})
        assert text.startswith("column 'at': some moments have an offset from UTC, and others do not")
        for name, value in {"at": "2024-02-30", "clock": "25:00", "flag": 1}.items():
            assert f"column {name!r}: received {json.dumps(value)}" in error(
                client, 422, json={"rows": [rows[0] | {name: value}]}
            )
        kinds = {
            name: each["x-kind"] for name, each in client.get("/schema").json()["$defs"]["row"]["properties"].items()
        }
        assert kinds == {"at": "date", "clock": "time", "price": "text", "flag": "Boolean"}
