"""The same searches with NumPy (one matrix product) and with a plain Python loop.

usage: retrieval_numpy.py POOL OFFSET SENTENCES QUERIES BEST LOOP

BEST is the comma-separated list of nearest sentences found by el4ner: NumPy has to agree. LOOP is
the number of sentences for the plain loop (its time is scaled up to all sentences)."""
import sys
import time

import numpy as np

DIMENSIONS, SPANS, K = 384, 3, 5
WEIGHTS = np.array([4, 4, 2], dtype=np.float32)


def with_numpy(vectors, query):
    """SpanSim of all sentences: one product, the best of each sentence's 3 spans, weighted sum."""
    products = (vectors @ query.T).reshape(-1, SPANS, SPANS)
    scores = products.max(axis=1) @ WEIGHTS / WEIGHTS.sum()
    if len(scores) > K:
        top = np.argpartition(-scores, K)[:K]
        return top[np.argsort(-scores[top], kind="stable")]
    return np.argsort(-scores, kind="stable")


def cosine(a, b):
    return np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b))


def with_loop(vectors, query, n):
    """One sentence after another, as scripts do."""
    scores = []
    for i in range(n):
        total = 0.0
        for s, weight in zip(query, WEIGHTS):
            total += weight * max(cosine(s, v) for v in vectors[i * SPANS:(i + 1) * SPANS])
        scores.append(total / WEIGHTS.sum())
    return sorted(range(n), key=lambda i: -scores[i])[:K]


def main():
    pool, offset, n, queries, best, loop = sys.argv[1:]
    n, loop = int(n), min(int(n), int(loop))
    vectors = np.memmap(pool, np.float32, "r", int(offset), (n * SPANS, DIMENSIONS))
    vectors = np.array(vectors)  # in memory, as NumPy programs have it
    query = np.fromfile(queries, np.float32).reshape(-1, SPANS, DIMENSIONS)
    best = [int(b) for b in best.split(",")]
    times, differ = [], 0
    for q, expected in zip(query, best):
        start = time.perf_counter()
        top = with_numpy(vectors, q)
        times.append(time.perf_counter() - start)
        differ += int(top[0]) != expected
    start = time.perf_counter()
    with_loop(vectors, query[0], loop)
    loop_time = (time.perf_counter() - start) * n / loop
    times.sort()
    print(f"numpy_p50={1e3 * times[len(times) // 2]:.4f}")
    print(f"numpy_p99={1e3 * times[-1]:.4f}")
    print(f"loop={1e3 * loop_time:.1f}")
    print(f"differ={differ}")


main()
