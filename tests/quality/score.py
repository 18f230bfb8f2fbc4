"""score.py - from answers to figures: recall by way and class, alarms of strangers."""
import collections
import math


def family(kind):
    return "line" if kind.startswith("line") else kind


def wilson(k, n, z=1.96):
    """The 95 % interval of a share of k in n (E. B. Wilson, 1927)."""
    if n == 0:
        return 0.0, 1.0
    p = k / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, middle - half), min(1.0, middle + half)


class Recall:
    """Found and asked, by way and class; the best answer of another group counts as wrong."""

    def __init__(self):
        self.ways = collections.OrderedDict()
        self.wrong = self.hits = 0

    def add(self, query, groups_found):
        hit = query["true_group"] in groups_found
        for kind in ("all", family(query["class"])):
            cell = self.ways.setdefault(query["transform"], {}).setdefault(kind, [0, 0])
            cell[0] += hit
            cell[1] += 1
        self.hits += hit
        self.wrong += hit and groups_found[0] != query["true_group"]

    def share(self, way, kind="all"):
        found, asked = self.ways.get(way, {}).get(kind, (0, 0))
        return found / asked if asked else None

    def mean(self, kind="all", ways=None):
        shares = [self.share(w, kind) for w in (ways or self.ways)]
        shares = [s for s in shares if s is not None]
        return sum(shares) / len(shares) if shares else None


def percent(share):
    return "-" if share is None else "%.1f" % (100 * share)


def loosest(scores, allowed):
    """The greatest distance at which at most `allowed` strangers alarm, given their best ones."""
    order = sorted(scores)
    return order[allowed] - 1 if allowed < len(order) else max(order, default=0)
