"""What stormlab is measured against: programs written by hand, each for one storm.

| file | what it is |
|---|---|
| `restart.cpp` | C++: the scenario of `benchmarks/fleet_speed.py`; equal counts under every seed |
| `restart_events.cpp` | the same with an event for each thing that happens, a record per socket |
| `restart.hpp` | what the two share |
| `build.py` | compiles them into `build/programs/`, runs them, and the scripts |

The scripts import nothing of stormlab: they are what an engineer writes in an afternoon.
"""
