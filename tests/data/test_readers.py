"""Every format that a reader knows becomes the same kind of dataset."""

import gzip
import json
from collections.abc import Iterable
from pathlib import Path

import polars as pl
import pytest

from metarec.contracts import DataError
from metarec.data import DroppedRowsWarning, InvalidData, convert, load, load_csv
from metarec.data.readers.folder import conversion


def lines(rows: Iterable[dict[str, object]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


class TestFolder:
    def test_parquet_csv_and_json_lines_give_the_same_dataset(self, tmp_path: Path) -> None:
        events = pl.DataFrame({"user_id": ["u", "v"], "item_id": ["a", "b"], "value": [3.0, 4.5]})
        items = pl.DataFrame({"item_id": ["a", "b"], "title": ["A, or “B”", None], "year": [1, 2]})
        for suffix, write in (
            ("parquet", pl.DataFrame.write_parquet),
            ("csv", pl.DataFrame.write_csv),
            ("jsonl", pl.DataFrame.write_ndjson),
        ):
            (tmp_path / suffix).mkdir()
            write(events, tmp_path / suffix / f"interactions.{suffix}")
            write(items, tmp_path / suffix / f"items.{suffix}")
        hashes = {load(tmp_path / suffix).hash for suffix in ("parquet", "csv", "jsonl")}
        assert len(hashes) == 1

    def test_settings_context_triples_and_edges_are_read(self, shop) -> None:
        settings = 'name = "Corner"\nvalue = "implicit"\ntimestamp = "order"\nlicence = "CC0"\n'
        folder = shop({
            "dataset.toml": settings,
            "interactions.csv": "device,item_id,event,timestamp,user_id\nphone,a,view,2,u\n",
            "triples.csv": "tail,head,relation\nb,a,goes with\n",
            "edges.csv": "user_id,other_id,kind\nu,w,friend\n",
        })  # fmt: skip
        data = load(folder)
        assert (data.name, data.feedback, data.clock, data.licence) == (
            "Corner",
            "implicit",
            "order",
            "CC0",
        )
        assert data.interactions.columns == [
            "user",
            "item",
            "value",
            "timestamp",
            "event",
            "device",
        ]
        assert data.triples is not None
        assert data.triples.rows() == [("a", "goes with", "b")]
        assert data.edges is not None
        assert data.edges.rows() == [("u", "w", "friend")]
        assert data.histories.kind_names == ("view",)

    def test_numbers_are_told_from_codes_in_text(self, shop) -> None:
        items = "item_id,year,price,code,note\n1,1999,2.50,007,\n02,2001,3,010,x\n"
        data = load(shop({"items.csv": items, "interactions.csv": "user_id,item_id\n1,02\n"}))
        assert list(data.catalogue.ids) == ["1", "02"]
        frame = data.catalogue.frame
        assert frame.schema == {
            "year": pl.Int64,
            "price": pl.Float64,
            "code": pl.String,
            "note": pl.String,
        }
        assert frame["note"].to_list() == [None, "x"]

    def test_whole_numbers_may_be_ids_in_parquet(self, tmp_path: Path) -> None:
        frame = pl.DataFrame({"user_id": [7, 8], "item_id": [1, 2]})
        frame.write_parquet(tmp_path / "interactions.parquet")
        frame.select("item_id").write_parquet(tmp_path / "items.parquet")
        assert list(load(tmp_path).user_ids) == ["7", "8"]

    def test_a_gzipped_table_is_read(self, shop) -> None:
        items = gzip.compress(b"item_id\na\nb\n")
        assert len(load(shop({"items.csv": None, "items.csv.gz": items})).catalogue) == 2

    def test_times_order_a_history_and_ties_keep_the_order_of_rows(self, shop) -> None:
        events = "user_id,item_id,timestamp\nu,c,2\nu,b,1\nu,a,1\n"
        history = load(shop({"interactions.csv": events})).histories
        assert [event.item for event in history.events(0)] == ["b", "a", "c"]


class TestMovieLens:
    def test_the_100k_files_are_read(self, tmp_path: Path) -> None:
        flags = "|".join("1" if k in (3, 5) else "0" for k in range(19))
        (tmp_path / "u.data").write_bytes(b"1\t7\t3\t881250949\n2\t7\t5\t881250950\n")
        film = f"7|Amélie (2001)|01-Jan-2001||http://x|{flags}\n"
        (tmp_path / "u.item").write_bytes(film.encode("latin-1"))
        (tmp_path / "u.user").write_bytes(b"1|24|M|writer|55105\n")
        data = load(tmp_path)
        assert data.clock == "unix"
        assert data.catalogue.frame.rows(named=True) == [
            {
                "title": "Amélie",
                "year": 2001,
                "genres": ["Animation", "Comedy"],
                "release_date": "01-Jan-2001",
            }
        ]
        assert data.users is not None
        assert data.users.rows() == [(24, "M", "writer", "55105"), (None, None, None, None)]

    def test_the_1m_files_are_read(self, tmp_path: Path) -> None:
        (tmp_path / "ratings.dat").write_bytes(b"1::9::5::978300760\n")
        movies = "9::Voil\u00e0: A Film (1999)::Drama|War\n8::No Year::Comedy\n"
        (tmp_path / "movies.dat").write_bytes(movies.encode("latin-1"))
        (tmp_path / "users.dat").write_bytes(b"1::F::1::10::48067\n")
        data = load(tmp_path)
        assert data.catalogue.frame.rows() == [
            ("Voilà: A Film", 1999, ["Drama", "War"]),
            ("No Year", None, ["Comedy"]),
        ]
        assert data.users is not None
        assert data.users.rows() == [("F", "under 18", "K-12 student", "48067")]

    def test_the_latest_files_are_read_with_links_and_tags(self, tmp_path: Path) -> None:
        (tmp_path / "ratings.csv").write_text(
            "userId,movieId,rating,timestamp\n1,3,4.5,1260759144\n"
        )
        (tmp_path / "movies.csv").write_text(
            'movieId,title,genres\n3,"Heat, The (1995)",(no genres listed)\n4,X,War\n'
        )
        (tmp_path / "links.csv").write_text("movieId,imdbId,tmdbId\n3,0113277,949\n")
        (tmp_path / "tags.csv").write_text(
            "userId,movieId,tag,timestamp\n1,3,Slow,1\n2,3,heist,1\n3,3,Heist,1\n"
        )
        data = load(tmp_path)
        assert data.catalogue.frame.rows() == [
            ("Heat, The", 1995, [], "0113277", "949", ["heist", "slow"]),
            ("X", None, ["War"], None, None, None),
        ]
        assert data.interactions["value"].to_list() == [4.5]
        assert data.roles == {"ignore": ("tags",)}

    def test_problems_carry_the_names_that_the_file_uses(self, tmp_path: Path) -> None:
        (tmp_path / "ratings.csv").write_text("userId,movieId,rating\n1,3,x\n1,99,2\n")
        (tmp_path / "movies.csv").write_text("movieId,title,genres\n3,A,War\n")
        with pytest.raises(InvalidData) as caught:
            load(tmp_path)
        assert [(p.row, p.column) for p in caught.value.problems] == [(2, "rating"), (3, "movieId")]

    def test_a_missing_file_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "ratings.dat").write_bytes(b"1::9::5::978300760\n")
        with pytest.raises(InvalidData, match=r"movies\.dat"):
            load(tmp_path)

    @pytest.mark.parametrize(
        ("name", "counts"),
        [
            ("movielens-100k", (100_000, 943, 1682)),
            ("movielens-latest-small", (100_004, 671, 9125)),
        ],
    )
    def test_the_real_files_are_read(self, real_data: Path, name: str, counts) -> None:
        data = load(real_data / name)
        assert (len(data.interactions), len(data.user_ids), len(data.catalogue)) == counts


class TestRecBole:
    def write(self, folder: Path) -> Path:
        files = {
            "x.inter": "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
            "u\t1\t3\t881250949\nv\t2\t4\t881250950\n",
            "x.item": "item_id:token\ttitle:token_seq\tprice:float\n1\tToy Story\t2.5\n2\tHeat\t\n",
            "x.user": "user_id:token\tage:token\nu\t24\n",
            "x.kg": "head_id:token\trelation_id:token\ttail_id:token\n"
            "m.1\tgenre\tm.9\nm.8\tdirected\tm.2\n2\tis\tm.1\n",
            "x.link": "item_id:token\tentity_id:token\n1\tm.1\n2\tm.2\n",
        }
        for name, content in files.items():
            (folder / name).write_text(content)
        return folder

    def test_atomic_files_are_read_with_their_types(self, tmp_path: Path) -> None:
        data = load(self.write(tmp_path))
        assert (data.name, data.feedback, data.clock) == ("x", "rating", "unix")
        assert data.catalogue.frame.rows() == [("Toy Story", 2.5), ("Heat", None)]
        assert data.users is not None
        assert data.users["age"].to_list() == ["24", None]

    def test_linked_entities_become_items_and_others_stay_apart(self, tmp_path: Path) -> None:
        data = load(self.write(tmp_path))
        assert data.triples is not None
        assert data.triples.rows() == [
            ("1", "genre", "m.9"),
            ("m.8", "directed", "2"),
            ("entity:2", "is", "1"),
        ]

    def test_without_ratings_events_are_implicit(self, tmp_path: Path) -> None:
        (tmp_path / "y.inter").write_text("user_id:token\titem_id:token\nu\t1\n")
        data = load(tmp_path)
        assert data.feedback == "implicit"
        assert list(data.catalogue.ids) == ["1"]

    def test_a_refused_event_is_no_event_and_is_counted(self, tmp_path: Path) -> None:
        (tmp_path / "y.inter").write_text(
            "user_id:token\titem_id:token\tlabel:float\nu\t1\t1\nu\t2\t0\nv\t2\t1.0\nv\t1\t0.0\n"
        )
        with pytest.warns(DroppedRowsWarning, match=r"2 x refused event \(label 0\)"):
            data = load(tmp_path)
        assert data.interactions.rows() == [(0, 0, 1.0), (1, 1, 1.0)]
        assert data.dropped == {"refused event (label 0)": 2}

    def test_a_label_that_is_neither_and_labels_that_are_all_0_are_refused(self, tmp_path) -> None:
        header = "user_id:token\titem_id:token\tlabel:float\n"
        (tmp_path / "y.inter").write_text(header + "u\t1\t1\nu\t2\t0.5\nv\t1\t\n")
        with pytest.raises(InvalidData) as caught:
            load(tmp_path)
        assert [(p.row, p.column) for p in caught.value.problems] == [
            (3, "label:float"),
            (4, "label:float"),
        ]
        (tmp_path / "y.inter").write_text(header + "u\t1\t0\n")
        with pytest.raises(InvalidData, match="no label but 0"):
            load(tmp_path)

    def test_a_rating_speaks_for_itself_whatever_its_label(self, tmp_path: Path) -> None:
        (tmp_path / "y.inter").write_text(
            "user_id:token\titem_id:token\trating:float\tlabel:float\nu\t1\t2\t0\nu\t2\t5\t1\n"
        )
        assert load(tmp_path).interactions["value"].to_list() == [2.0, 5.0]

    def test_a_float_that_is_none_is_placed(self, tmp_path: Path) -> None:
        self.write(tmp_path)
        (tmp_path / "x.item").write_text("item_id:token\tprice:float\n1\tcheap\n2\t3\n")
        with pytest.raises(InvalidData) as caught:
            load(tmp_path)
        assert [(p.row, p.column) for p in caught.value.problems] == [(2, "price:float")]

    def test_a_header_without_the_columns_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "y.inter").write_text("uid:token\titem_id:token\nu\t1\n")
        with pytest.raises(InvalidData, match="user_id"):
            load(tmp_path)

    def test_the_real_graph_speaks_of_items(self, real_data: Path) -> None:
        data = load(real_data / "recbole-ml-100k")
        assert data.triples is not None
        ends = pl.concat([data.triples["head"], data.triples["tail"]]).unique()
        assert ends.is_in(data.catalogue.ids.tolist()).sum() > 1500
        assert len(data.interactions) == 100_000


class TestAmazon:
    old = (
        {"reviewerID": "A1", "asin": "B1", "overall": 5.0, "unixReviewTime": 1369699200},
        {"reviewerID": "A1", "asin": "B1", "overall": 2.0, "unixReviewTime": 1369699300},
        {"reviewerID": "A2", "asin": "B2", "overall": 4.0, "unixReviewTime": 1369699200},
    )
    new = ({"user_id": "A1", "parent_asin": "B1", "asin": "B9", "rating": 5.0,
            "timestamp": 1588687728923},)  # fmt: skip

    def test_2014_names_are_read_from_gzip_and_the_last_review_counts(self, tmp_path) -> None:
        (tmp_path / "reviews_Beauty.json.gz").write_bytes(gzip.compress(lines(self.old)))
        meta = [
            {"asin": "B1", "title": "Soap", "description": "Mild.", "price": 3.5,
             "categories": [["Beauty", "Bath"], ["Beauty", "Soap"]], "brand": "S"},
            {"asin": "B2", "title": "Brush"},
        ]  # fmt: skip
        (tmp_path / "meta_Beauty.json.gz").write_bytes(gzip.compress(lines(meta)))
        with pytest.warns(DroppedRowsWarning, match="1 x repeated"):
            data = load(tmp_path)
        assert data.interactions["value"].to_list() == [2.0, 4.0]
        first = data.catalogue.table.row(0, named=True)
        assert first["categories"] == ["Beauty", "Bath", "Soap"]
        assert (first["item_id"], first["brand"], first["price"]) == ("B1", "S", 3.5)

    def test_2023_names_are_read_and_milliseconds_become_seconds(self, tmp_path: Path) -> None:
        (tmp_path / "All_Beauty.jsonl").write_bytes(lines(self.new))
        meta = [{"parent_asin": "B1", "title": "Soap", "description": ["Mild.", "Good."],
                 "price": "$1,003.50", "store": "S", "categories": ["Beauty"]}]  # fmt: skip
        (tmp_path / "meta_All_Beauty.jsonl").write_bytes(lines(meta))
        data = load(tmp_path)
        assert data.interactions["timestamp"].to_list() == [1588687728.923]
        assert data.catalogue.table.rows(named=True) == [
            {
                "item_id": "B1",
                "title": "Soap",
                "brand": "S",
                "description": "Mild. Good.",
                "categories": ["Beauty"],
                "price": 1003.5,
            }
        ]

    def test_one_file_of_reviews_is_enough(self, tmp_path: Path) -> None:
        path = tmp_path / "reviews.jsonl"
        path.write_bytes(lines(self.new))
        assert list(load(path).catalogue.ids) == ["B1"]

    def test_two_files_of_reviews_are_refused(self, tmp_path: Path) -> None:
        for name in ("a.jsonl", "b.jsonl"):
            (tmp_path / name).write_bytes(lines(self.new))
        with pytest.raises(InvalidData, match="one file of reviews"):
            load(tmp_path)


class TestDelimited:
    def test_a_mapping_names_the_columns(self, tmp_path: Path) -> None:
        path = tmp_path / "log.csv"
        path.write_text("uid;movie;stars;device\nu;m;4;phone\n")
        columns = {"user_id": "uid", "item_id": "movie", "value": "stars"}
        data = load_csv(path, columns, separator=";")
        assert data.interactions.rows() == [(0, 0, 4.0, "phone")]
        assert data.feedback == "rating"

    def test_a_column_of_our_name_gives_way_to_the_mapped_one(self, tmp_path: Path) -> None:
        path = tmp_path / "log.csv"
        path.write_text("user_id,name,item_id\n1,u,m\n")
        assert list(load_csv(path, {"user_id": "name"}).user_ids) == ["u"]

    def test_items_and_encoding_can_be_named(self, tmp_path: Path) -> None:
        (tmp_path / "log.csv").write_text("user_id,item_id\nu,m\n")
        (tmp_path / "films.csv").write_bytes("id,title\nm,Amélie\n".encode("latin-1"))
        data = load_csv(
            tmp_path / "log.csv",
            items=tmp_path / "films.csv",
            item_columns={"item_id": "id"},
            encoding="latin-1",
        )
        assert data.catalogue.frame["title"].to_list() == ["Amélie"]

    def test_a_wrong_mapping_is_explained(self, tmp_path: Path) -> None:
        path = tmp_path / "log.csv"
        path.write_text("uid,movie\nu,m\n")
        with pytest.raises(InvalidData, match="expected a column film; say what holds item_id"):
            load_csv(path, {"user_id": "uid", "item_id": "film"})

    def test_a_separator_of_two_characters_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "log.csv"
        path.write_text("user_id,item_id\nu,m\n")
        with pytest.raises(DataError, match="one character"):
            load_csv(path, separator="::")


class TestConvert:
    def test_any_csv_becomes_a_folder_that_loads(self, tmp_path: Path) -> None:
        (tmp_path / "log.csv").write_text("uid,item_id\nu,m\n")
        made = convert(
            tmp_path / "log.csv", tmp_path / "out", format="csv", mapping={"user_id": "uid"}
        )
        assert load(tmp_path / "out").hash == made.hash

    def test_a_mapping_of_a_folder_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="mapping goes with a single file"):
            convert(tmp_path, tmp_path / "out", mapping={"user_id": "uid"})

    def test_a_lone_file_names_the_command_that_makes_a_shop_of_it(self, tmp_path: Path) -> None:
        (tmp_path / "my log.csv").write_text("uid,item_id\nu,m\n")
        with pytest.raises(DataError) as caught:
            load(tmp_path / "my log.csv")
        assert f"metarec data convert '{tmp_path}/my log.csv' 'my log-shop'" in str(caught.value)

    def test_the_largest_table_of_a_folder_is_taken_for_its_events(self, tmp_path: Path) -> None:
        folder = tmp_path / "shop"
        (folder / "old.csv").mkdir(parents=True)
        assert conversion(folder) == conversion(tmp_path / "nowhere") == ""
        for name, size in [("items.csv", 99), ("users.jsonl", 98), ("notes.md", 97), ("a.csv", 5)]:
            (folder / name).write_text("x" * size)
        others = f"--items {folder}/items.csv --users {folder}/users.jsonl"
        assert conversion(folder) == f"metarec data convert {folder}/a.csv shop-shop {others}"
        (folder / "log.tsv.gz").write_text("x" * 50)
        (folder / "b.txt").write_text("x" * 20)
        assert conversion(folder) == f"metarec data convert {folder}/log.tsv.gz shop-shop {others}"

    def test_an_unknown_format_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="format must be one of"):
            load(tmp_path, format="netflix")  # type: ignore[arg-type]


class TestColumnsOfIds:
    @pytest.mark.parametrize(
        "kind", [pl.String, pl.Int16, pl.UInt64, pl.Categorical, pl.Enum(["1", "2"])]
    )
    def test_ids_may_be_text_whole_numbers_or_labels(self, tmp_path: Path, kind) -> None:
        ids = pl.Series("item_id", ["1", "2"])
        ids = ids.cast(pl.Int64).cast(kind) if kind in (pl.Int16, pl.UInt64) else ids.cast(kind)
        events = pl.DataFrame([ids.alias("user_id"), ids])
        events.write_parquet(tmp_path / "interactions.parquet")
        ids.to_frame().write_parquet(tmp_path / "items.parquet")
        data = load(tmp_path)
        assert (list(data.user_ids), list(data.catalogue.ids)) == (["1", "2"], ["1", "2"])

    @pytest.mark.parametrize("kind", [pl.Float64, pl.Float32, pl.Decimal(38, 0), pl.Decimal(12, 2)])
    def test_whole_numbers_are_ids_however_they_are_held(self, tmp_path: Path, kind) -> None:
        ids = pl.Series("user_id", [1, 2, None]).cast(kind)
        events = pl.DataFrame([ids, pl.Series("item_id", ["a", "a", "b"])])
        events.write_parquet(tmp_path / "orders.parquet")
        with pytest.warns(DroppedRowsWarning):
            data = load_csv(tmp_path / "orders.parquet", lenient=True)
        assert list(data.user_ids) == ["1", "2"]
        told = [note for note in data.notes if "user_id holds whole numbers as fractions" in note]
        assert len(told) == ids.dtype.is_float()

    @pytest.mark.parametrize(
        ("kind", "ids"),
        [
            (pl.Float64, [1.5, 2.0]),
            (pl.Float64, [2.0**53, 2.0]),  # which may stand for its neighbour
            (pl.Float32, [2.0**24, 2.0]),
            (pl.Decimal(4, 1), [1.5, 2.0]),
            (pl.Boolean, [1, 0]),
            (pl.Date, [1, 0]),
        ],
    )
    def test_no_other_type_holds_ids(self, tmp_path: Path, kind, ids) -> None:
        ids = pl.Series("item_id", ids).cast(kind)
        pl.DataFrame([pl.Series("user_id", ["u", "v"]), ids]).write_parquet(
            tmp_path / "interactions.parquet"
        )
        (tmp_path / "items.csv").write_text("item_id\n1\n")
        with pytest.raises(InvalidData, match=r"column item_id: found type .*, expected text"):
            load(tmp_path)


class TestAmazonColumns:
    """What the tests above leave out: each year's other names, and what is empty."""

    def read(self, folder: Path, meta: list[dict]) -> pl.DataFrame:
        reviews = [{"asin": m["asin"], "user_id": "u", "rating": 1.0, "timestamp": 0} for m in meta]
        (folder / "x.jsonl").write_bytes(lines(reviews))
        (folder / "meta_x.jsonl").write_bytes(lines(meta))
        return load(folder).catalogue.frame

    def test_2018_names_a_category_and_a_text_without_letters_is_missing(self, tmp_path) -> None:
        frame = self.read(tmp_path, [
            {"asin": "a", "category": ["Y", "X", "Y"], "description": [" "], "price": "$1 - $2"},
            {"asin": "b", "category": [], "description": ["two", "parts"], "price": "$12.50"},
        ])  # fmt: skip
        assert frame.rows(named=True) == [
            {"description": None, "categories": ["Y", "X", "Y"], "price": None},
            {"description": "two parts", "categories": [], "price": 12.5},
        ]

    def test_one_label_becomes_a_list(self, tmp_path: Path) -> None:
        frame = self.read(tmp_path, [{"asin": "a", "categories": "Soap", "brand": "S"}])
        assert frame.rows() == [("S", ["Soap"])]


class TestOtherFormats:
    def test_a_repeated_link_or_tag_of_movielens_adds_no_row(self, tmp_path: Path) -> None:
        files = {
            "ratings.csv": "userId,movieId,rating,timestamp\n1,3,4.5,1260759144\n",
            "movies.csv": "movieId,title,genres\n3,A,War\n",
            "links.csv": "movieId,imdbId,tmdbId\n3,1,2\n3,5,6\n",
            "tags.csv": "userId,movieId,tag\n1,3,b\n1,3,a\n2,3,c\n3,3,C \n",
        }
        for name, content in files.items():
            (tmp_path / name).write_text(content)
        frame = load(tmp_path).catalogue.frame
        assert frame.rows() == [("A", None, ["War"], "1", "2", ["c", "a", "b"])]

    @pytest.mark.parametrize("name", ["links.csv", "tags.csv"])
    def test_extra_files_of_movielens_without_their_columns_are_left_aside(self, tmp_path, name):
        (tmp_path / "ratings.csv").write_text("userId,movieId,rating\n1,3,4.5\n")
        (tmp_path / "movies.csv").write_text("movieId,title,genres\n3,A,War\n")
        (tmp_path / name).write_text("movieId,odd\n3,1\n")
        assert load(tmp_path).catalogue.frame.columns == ["title", "year", "genres"]

    def test_recbole_names_the_entity_of_an_item_once(self, tmp_path: Path) -> None:
        files = {
            "x.inter": "user_id:token\titem_id:token\nu\t1\nu\t2\n",
            "x.kg": "head_id:token\trelation_id:token\ttail_id:token\nm\tis\t2\nn\tis\tm\n",
            "x.link": "item_id:token\tentity_id:token\n1\tm\n2\tm\n",
        }
        for name, content in files.items():
            (tmp_path / name).write_text(content)
        triples = load(tmp_path).triples
        assert triples is not None
        assert triples.rows() == [("1", "is", "entity:2"), ("n", "is", "1")]

    def test_a_convert_of_each_format_is_what_load_reads(self, tmp_path: Path) -> None:
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "x.inter").write_text(
            "user_id:token\titem_id:token\trating:float\nu\t1\t3\nu\t1\t4\nv\t2\tx\n"
        )
        with pytest.warns(DroppedRowsWarning):
            made = convert(
                tmp_path / "in", tmp_path / "out", format="recbole", lenient=True,
                rejects=tmp_path / "rejects.csv", repeats="last",
            )  # fmt: skip
        assert made.interactions["value"].to_list() == [4.0]
        assert load(tmp_path / "out").hash == made.hash
        assert len(pl.read_csv(tmp_path / "rejects.csv")) == 1

    def test_a_csv_is_converted_with_its_options(self, tmp_path: Path) -> None:
        (tmp_path / "log.csv").write_text("user_id,item_id,value\nu,a,1\nu,a,2\nu,b,x\n")
        with pytest.warns(DroppedRowsWarning):
            made = convert(
                tmp_path / "log.csv", tmp_path / "out", format="csv", lenient=True,
                rejects=tmp_path / "rejects.csv", repeats="last",
            )  # fmt: skip
        assert made.interactions["value"].to_list() == [2.0]
        assert (tmp_path / "rejects.csv").exists()
