"""Crunch numbers on all cores: a plain function, a plain loop's worth of items, and processes to share them."""

from concurrent_strategies import ProcessStrategy


def primes_between(bounds: tuple[int, int]) -> int:
    """Count the primes of a range, the slow way."""
    low, high = bounds
    return sum(all(n % d for d in range(2, int(n**0.5) + 1)) for n in range(max(low, 2), high))


if __name__ == "__main__":  # a process worker may import this file, and must not start workers of its own
    ranges = [(low, low + 5_000) for low in range(0, 100_000, 5_000)]
    with ProcessStrategy() as strategy:  # one worker for each core
        counts = strategy.map(primes_between, ranges)  # in the order of the ranges
    print(f"{sum(counts)} primes below 100000, {counts[0]} of them in the first range")
