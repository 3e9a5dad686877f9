"""Findings of a self-test with a little of everything."""

from cltensor.selftest.supervisor import Findings, Outcome


def outcome(family, name, verdict="right", message="", value=None):
    return Outcome(family, name, f"note of {name}", verdict, message, 0.5, value)


def work(seconds, flops, nbytes):
    return {"seconds": seconds, "flops": flops, "bytes": nbytes}


def findings(only=None):
    """A device with failures, or with the outcomes of some verdicts only."""
    outcomes = [
        outcome("probes", "fma", value="rounds <once>"),
        outcome("sums", "one"),
        outcome("sums", "two", "wrong", "3 of 9 elements differ; 1 < 2"),
        outcome("sums", "three", "left out", "no fp64"),
        outcome("sums", "five", "died", "SIGSEGV: in …/libany.so"),
        outcome("training", "a step", value={"loss": 2.3}),
        outcome("speed", "peaks", value={"GFLOP/s": 100.0, "GB/s": 20.0}),
        outcome("speed", "mixed", value=work(0.1, 4e9, 1e9)),
        outcome("speed", "dense", value=work(0.1, 8e9, 1e9)),
        outcome("speed", "upload", value=work(0.1, 0, 1e9)),
        outcome("speed", "launch", value=work(2e-5, 0, 0)),
        outcome("speed", "slow", "hung", "no result after 120 s"),
        outcome("known bugs", "loops end", value=[True, "131069"]),
        outcome("known bugs", "relu", "died", "SIGSEGV"),
    ]
    facts = {
        "device": {"name": "A & B card", "platform": "Any, OpenCL 3.0", "driver": "1.2"},
        "limits": {"work-group": 1024},
        "surroundings": {"cltensor": "0.1.0"},
    }
    kept = [o for o in outcomes if only is None or o.verdict in only]
    return Findings(facts, kept, ["SIGABRT: double free"], 12.0)
