"""test_score.py - the scorer itself, on answers made up for it. Prints `ok NAME` for each test."""
from score import Recall, loosest, percent, wilson


def query(way, group, kind="colour"):
    return {"transform": way, "true_group": group, "class": kind}


def ways_count_the_same_however_many_queries_they_have():
    recall = Recall()
    for _ in range(9):
        recall.add(query("easy", "a"), ["a"])
    recall.add(query("hard", "a"), [])
    assert recall.mean() == 0.5


def a_hit_behind_another_group_is_a_hit_and_wrong():
    recall = Recall()
    recall.add(query("x", "a"), ["b", "a"])
    recall.add(query("x", "a"), ["a", "b"])
    recall.add(query("x", "a"), ["b"])
    assert (recall.hits, recall.wrong) == (2, 1)
    assert recall.share("x") == 2 / 3


def synthetic_lines_are_lines():
    recall = Recall()
    recall.add(query("x", "a", "line-synth"), ["a"])
    assert recall.mean("line") == 1 and recall.mean("colour") is None
    assert percent(recall.mean("colour")) == "-"


def an_interval_holds_what_was_counted():
    low, high = wilson(0, 1000)
    assert low == 0 and 0.003 < high < 0.0045
    low, high = wilson(5, 10)
    assert low < 0.5 < high


def a_threshold_lets_so_many_strangers_through():
    best = [40, 50, 50, 60]
    for allowed in range(4):
        assert sum(b <= loosest(best, allowed) for b in best) <= allowed
    assert loosest(best, 0) == 39


for test in (ways_count_the_same_however_many_queries_they_have, a_hit_behind_another_group_is_a_hit_and_wrong,
             synthetic_lines_are_lines, an_interval_holds_what_was_counted, a_threshold_lets_so_many_strangers_through):
    test()
    print("ok quality_" + test.__name__)
