"""The reading order once more, in plain Python integers: what the Numba kernels must equal exactly."""

MASK = 2**64 - 1
ORDER, VARIANT_ORDER, PUBLISHED = 3, 5, 8


def philox(seed, purpose, *counter):
    """Philox 4x64-10 as in Salmon et al. 2011, figure 4 and table 2."""
    x, k = list(counter), [seed, purpose]
    for _ in range(10):
        p0, p1 = 0xD2E7470EE14C6C93 * x[0], 0xCA5A826395121157 * x[2]
        x = [(p1 >> 64) ^ x[1] ^ k[0], p1 & MASK, (p0 >> 64) ^ x[3] ^ k[1], p0 & MASK]
        k = [(k[0] + 0x9E3779B97F4A7C15) & MASK, (k[1] + 0xBB67AE8584CAA73B) & MASK]
    return x


def bijection_keys(seed, purpose, *counter):
    return philox(seed, purpose, 0, *counter) + philox(seed, purpose, 1, *counter)


def mix(value, key):
    value = (value ^ key) * 0xBF58476D1CE4E5B9 & MASK
    value = (value ^ value >> 30) * 0x94D049BB133111EB & MASK
    return value ^ value >> 31


def permute(index, size, keys):
    a = next(a for a in range(size + 1) if a * a >= size)
    b = -(-size // a)
    value = index
    while True:
        left, right = divmod(value, b)
        for i in range(0, 8, 2):
            left = (left + (mix(right, keys[i]) * a >> 64)) % a
            right = (right + (mix(left, keys[i + 1]) * b >> 64)) % b
        value = left * b + right
        if value < size:
            return value


def place_in_cycle(seed, cycle, place, num_variants, window_size):
    """(window, place in it, size of it): the windows laid out one after the other in their seeded order."""
    num_windows = -(-num_variants // window_size)
    keys = bijection_keys(seed, ORDER, cycle, 1, 0)
    for slot in range(num_windows):
        window = permute(slot, num_windows, keys)
        size = min(window_size, num_variants - window * window_size)
        if place < size:
            return window, place, size
        place -= size
    raise AssertionError("the place is outside the cycle")


def by_windows(seed, number, counts, window_size=256):
    """(group, variant) of a puzzle by its number."""
    epoch, index = divmod(number, len(counts))
    group = permute(index, len(counts), bijection_keys(seed, ORDER, epoch, 0, 0))
    cycle, place = divmod(epoch, counts[group])
    window, place, size = place_in_cycle(seed, cycle, place, counts[group], window_size)
    words = philox(seed, VARIANT_ORDER, 2, cycle, window, group)
    keys = [key ^ words[i % 4] for i, key in enumerate(bijection_keys(seed, VARIANT_ORDER, cycle, window, 0))]
    return group, window * window_size + permute(place, size, keys)


def as_published(seed, number, counts, window_size=256):
    """(group, variant) of a puzzle by its number, by the published rule, which knows no windows."""
    epoch, index = divmod(number, len(counts))
    group = permute(index, len(counts), bijection_keys(seed, PUBLISHED, epoch, 0, 0))
    return group, philox(seed, PUBLISHED, 2, epoch, group, 0)[0] * counts[group] >> 64


def at_position(order, seed, position, counts, sizes, window_size=256):
    """(group, variant, example) at a position: the puzzles of `order` one after the other, with all their examples."""
    epoch, place = divmod(position, sum(sizes))
    number = epoch * len(counts)
    while True:
        group, variant = order(seed, number, counts, window_size)
        if place < sizes[group]:
            return group, variant, place
        place -= sizes[group]
        number += 1


def by_curriculum(seed, num_positions, counts, sizes, ranked, curriculum, batch_size, *, repeats=False):
    """(group, variant, example) of the first positions: quarter by quarter and epoch by epoch, visits counted."""
    items = [(group, example) for group in ranked for example in range(sizes[group])]
    cuts = [len(ranked) * quarter // 4 for quarter in range(5)]
    quarter_of = [quarter for quarter in range(4) for group in ranked[cuts[quarter] : cuts[quarter + 1]]]
    rank_of = {group: rank for rank, group in enumerate(ranked)}
    waiting, epochs, visits, found = [[] for _ in range(4)], [0] * 4, dict.fromkeys(items, 0), []

    def take(quarter, allowed):
        """The next item of a quarter, with the number of its visit."""
        if not waiting[quarter]:
            keys = bijection_keys(seed, ORDER, epochs[quarter], 3, quarter)
            waiting[quarter] = [allowed[permute(i, len(allowed), keys)] for i in range(len(allowed))]
            epochs[quarter] += 1
        item = waiting[quarter].pop(0)
        visits[item] += 1
        return item, visits[item] - 1

    epoch = 0
    while len(found) < num_positions:
        step = len(found) // batch_size
        share = curriculum.start + (1 - curriculum.start) * min(1.0, step / curriculum.until_step)
        num_groups = max(1, round(share * len(ranked)))
        shown = []
        for quarter, weight in enumerate(curriculum.mix):
            allowed = [
                item for item in items if quarter_of[rank_of[item[0]]] == quarter and rank_of[item[0]] < num_groups
            ]
            wanted = max(1, round(len(allowed) * weight / max(curriculum.mix))) if weight and allowed else 0
            shown += [take(quarter, allowed) for _ in range(wanted)]
        keys = bijection_keys(seed, ORDER, epoch, 2, 0)
        for i in range(len(shown)):
            (group, example), visit = shown[permute(i, len(shown), keys)]
            found.append((group, _variant(seed, group, counts[group], visit, repeats), example))
        epoch += 1
    return found[:num_positions]


def _variant(seed, group, count, visit, repeats):
    if repeats:
        return philox(seed, PUBLISHED, 2, visit, group, 0)[0] * count >> 64
    cycle, place = divmod(visit, count)
    return permute(place, count, bijection_keys(seed, VARIANT_ORDER, cycle, group, 1))
