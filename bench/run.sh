#!/bin/sh
# Every benchmark, each with its peer in the same run (see README.md beside it). Takes some minutes.
set -eu
cd "$(dirname "$0")/.."
BERTH_PEER_PYTHON=$(bench/peer_python.sh)
export BERTH_PEER_PYTHON
python3 bench/haystack_vocabulary.py build/bin/vocabulary_bench
python3 bench/haystack_pipeline.py build/bin/pipeline_bench
python3 bench/haystack_retriever.py build/bin/retriever_bench
build/bin/inventory_bench
build/bin/sampling_bench
build/bin/encoder_bench
build/bin/workers smollm2 3
bench/processes.py --llama-bench "$(bench/build_llama_bench.sh)" "$@"
