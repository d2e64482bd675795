#!/usr/bin/env python3
"""How long a collection takes with so many replicas and workers: a simulation of sentences, calls and slots.

usage: bench/scale.py [--documents N] [--sentences PER-DOCUMENT] [--replicas N] [--slots N] [--prefill T] [--decode T]
                      [--window N] [--workers N] [--calls-a-second N] [--price DOLLARS]

Each member has so many replicas with so many slots each. A call of a sentence takes a slot of the least busy replica of its
member. The new part of its prompt is read at PREFILL tokens a second, which the slots of a replica share, and its answer is
written at DECODE tokens a second by each. Calls and tokens of a sentence are measured ones (CALLS below). A worker has
WINDOW sentences in work, and makes at most CALLS-A-SECOND calls. PRICE is of one replica for an hour.
"""
import argparse
import heapq
import random

# Of one sentence at one member: stage, calls, new tokens of the prompt, tokens of the answer. Measured with the prompts
# "conversation", five demonstrations and servers that keep the beginning of a prompt; the last for one sentence in four.
CALLS = [("extract", 1, 432, 16), ("classify", 1, 40, 18), ("verify", 0.25, 40, 2)]
MEMBERS = 3


class Replica:
    def __init__(self, slots, prefill, decode):
        self.slots = [0.0] * slots
        self.prefill_free = 0.0
        self.prefill, self.decode = prefill, decode
        self.busy = 0.0

    def call(self, now, new, answer):
        """When it is done: it waits for a slot, then for its turn to be read."""
        begin = max(now, heapq.heappop(self.slots))
        read = max(begin, self.prefill_free) + new / self.prefill
        self.prefill_free = read
        done = read + answer / self.decode
        heapq.heappush(self.slots, done)
        self.busy += done - begin
        return done


def simulate(o, count):
    """Seconds for so many sentences, and the share of slot time that was used."""
    chance = random.Random(1)
    members = [[Replica(o.slots, o.prefill, o.decode) for _ in range(o.replicas)] for _ in range(MEMBERS)]
    worker_free = [0.0] * o.workers
    events, started, last = [], 0, 0.0
    for i in range(min(count, o.window * o.workers)):
        heapq.heappush(events, (0.0, i, 0))
        started += 1
    while events:
        now, sentence, stage = heapq.heappop(events)
        last = max(last, now)
        if stage == len(CALLS):
            if started < count:
                heapq.heappush(events, (now, started, 0))
                started += 1
            continue
        _, calls, new, answer = CALLS[stage]
        asked = members if stage < 2 else members[:1]
        done = now
        if calls == 1 or chance.random() < calls:
            worker = sentence % o.workers
            for replicas in asked:
                worker_free[worker] = max(worker_free[worker], now) + 1 / o.calls_a_second
                replica = min(replicas, key=lambda r: max(r.slots[0], r.prefill_free))
                done = max(done, replica.call(worker_free[worker], new, answer))
        heapq.heappush(events, (done, sentence, stage + 1))
    used = sum(r.busy for replicas in members for r in replicas) / (last * MEMBERS * o.replicas * o.slots)
    return last, used


def main():
    parser = argparse.ArgumentParser()
    for name, default in {"documents": 10**8, "sentences": 5, "replicas": 4, "slots": 64, "window": 1024, "workers": 2}.items():
        parser.add_argument("--" + name, type=int, default=default)
    for name, default in {"prefill": 12000.0, "decode": 30.0, "calls-a-second": 8000.0, "price": 2.0}.items():
        parser.add_argument("--" + name, type=float, default=default)
    o = parser.parse_args()
    count = 20000
    took, used = simulate(o, count)
    rate = count / took
    hours = o.documents * o.sentences / rate / 3600
    calls = sum(c * (MEMBERS if stage != "verify" else 1) for stage, c, *_ in CALLS)
    print(f"{o.replicas} replicas a member, {o.workers} workers x {o.window}: {rate:.0f} sentences/s, {rate * calls:.0f} calls/s, "
          f"slots {used:.0%} busy; {hours / 24:.1f} days, {hours * MEMBERS * o.replicas * o.price:.0f} dollars")


main()
