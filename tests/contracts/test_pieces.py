"""Large tables worked on in pieces."""

from metarec.contracts.pieces import pieces


def test_a_large_table_is_cut_into_pieces_that_cover_it_once():
    for n, width, cells, sizes in (
        (7, 3, 9, [3, 3, 1]),
        (3, 100, 9, [1, 1, 1]),
        (4, 0, 2, [2, 2]),
        (4, 1, 100, [4]),
        (0, 3, 9, []),
    ):
        cut = list(pieces(n, width, cells))
        assert [len(range(n)[part]) for part in cut] == sizes
        assert [i for part in cut for i in range(n)[part]] == list(range(n))
        assert all(part.stop <= n for part in cut)
