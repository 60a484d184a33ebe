# `make help` lists what can be made. Every target can be run again and is quick then.

PREFIX ?= /usr/local
JOBS ?= $(shell nproc)
FUZZ_SECONDS ?= 20
ROUNDS ?= 100
CUDA_ARCHITECTURES ?= 90

.PHONY: all demo model test test-long bench examples install modules gpu tidy format fuzz clean help build
.NOTPARALLEL:

all: build ## build/bin/berth (installs missing Debian packages first)

demo: build model ## what devices are here, and real models answer and rank on the one that Berth chose
	@echo "== The devices of this machine"
	build/bin/berth devices
	@echo "== A short generation"
	build/bin/berth run smollm2 --verbose -p "In one sentence, what is a harbour?" --max-new-tokens 48
	@echo "== Texts by how they answer a question"
	printf 'Paint the crane yellow.\nThe harbour was built in 1843.\nIt rains.\n' | build/bin/berth rank minilm "How old is the port?"

# What optimized code can get wrong, what a user installs, and scripts. The other tests have nothing to say without sanitizers.
RELEASE_AREAS = corpus;examples;jinja;plan;scripts

test: model ## every test, with sanitizers and line coverage first, then those of what is released
	scripts/bootstrap.sh build test
	cmake --preset asan $(CMAKE_ARGS)
	cmake --build --preset asan -j $(JOBS)
	@echo "== Tests with address and undefined-behaviour sanitizer"
	@JOBS=$(JOBS) tests/remote/llama_server/build.sh || echo "The tests that need llama-server will be skipped"
	@# What older builds counted, and the lines of sources that are gone.
	@ninja -C build-asan -t cleandead >/dev/null
	@find build-asan -name '*.gcda' -delete
	@find build-asan -name '*.gcno' | while read -r lines; do test -f "$${lines%.gcno}.o" || rm "$$lines"; done
	ctest --preset asan -j $(JOBS)
	@echo "== Lines of src/ and cli/ that these tests ran"
	gcovr --root . --object-directory build-asan --filter src/ --filter cli/ --fail-under-line 90
	cmake --preset release -DBERTH_BUILD_TESTS=ON "-DBERTH_TEST_AREAS=$(RELEASE_AREAS)" $(CMAKE_ARGS)
	cmake --build --preset release -j $(JOBS)
	@echo "== Tests as released"
	ctest --preset release -j $(JOBS)

test-long: model ## workers and engines that are killed and frozen in 100 rounds, and 100 loads, with sanitizers
	scripts/bootstrap.sh build test
	cmake --preset asan $(CMAKE_ARGS)
	cmake --build --preset asan -j $(JOBS) --target engine_test cli_test
	@# A test measures what memory stays: what was freed must not be kept to find its later use.
	ASAN_OPTIONS=quarantine_size_mb=1:intercept_tls_get_addr=0 LSAN_OPTIONS=suppressions=tests/lsan.supp:print_suppressions=0 BERTH_TEST_ROUNDS=$(ROUNDS) build-asan/bin/engine_test --gtest_filter='WorkerLoss.*:WorkerRecovery.*:WorkerAttacks.*:Recovery.*:MemoryOnWorkers.*:Host.LeavesNothingBehind'
	ASAN_OPTIONS=intercept_tls_get_addr=0 LSAN_OPTIONS=suppressions=tests/lsan.supp:print_suppressions=0 build-asan/bin/cli_test --gtest_filter='TwoHosts.*:WorkerCommand.*'

bench: model ## benchmarks, with the peers in the same run
	scripts/bootstrap.sh build bench
	cmake --preset release -DBERTH_BUILD_BENCH=ON $(without_tests) $(CMAKE_ARGS)
	cmake --build --preset release -j $(JOBS)
	bench/run.sh

examples: example-custom_component example-rag example-search example-chat ## builds and runs the programs of examples/; make example-rag ARGS=... one of them

install: build ## into PREFIX (/usr/local)
	cmake --install build --prefix $(PREFIX)

modules: model ## a Berth whose backends are modules, and its tests
	scripts/bootstrap.sh build test
	cmake --preset modules $(CMAKE_ARGS)
	cmake --build --preset modules -j $(JOBS)
	ctest --preset modules

gpu: model ## the same with CUDA, compiled for CUDA_ARCHITECTURES (90): needs nvcc and an hour, neither GPU nor driver
	scripts/bootstrap.sh build test
	cmake --preset cuda -DCMAKE_CUDA_ARCHITECTURES="$(CUDA_ARCHITECTURES)" $(CMAKE_ARGS)
	cmake --build --preset cuda -j $(JOBS)
	ctest --preset cuda

tidy: ## clang-tidy over the sources
	scripts/bootstrap.sh build tidy
	cmake --preset tidy
	cmake --build --preset tidy -j $(JOBS)

format: ## clang-format over the sources, in place
	scripts/bootstrap.sh format
	git ls-files -z '*.h' '*.cpp' | xargs -0 clang-format -i

fuzz: ## each fuzz target for FUZZ_SECONDS (20), with its past crashes as seeds
	scripts/bootstrap.sh build fuzz
	cmake --preset fuzz
	cmake --build --preset fuzz --target berth_fuzz -j $(JOBS)
	fuzz/run.sh build-fuzz/bin $(FUZZ_SECONDS)

clean: ## removes the build folders, not the cache
	rm -rf build build-dev build-asan build-tsan build-tidy build-fuzz build-modules build-cuda

help: ## this list
	@sed -n 's/^\([a-z]*\):.* ## /\1\t/p' $(MAKEFILE_LIST)

# A first build needs no tests; one that has them already keeps them.
without_tests = $(if $(wildcard build/CMakeCache.txt),,-DBERTH_BUILD_TESTS=OFF)
build:
	scripts/bootstrap.sh build
	cmake --preset release $(without_tests) $(CMAKE_ARGS)
	cmake --build --preset release -j $(JOBS)

# Outside of the tree, against an installed Berth, as any other program.
example-%: build model
	cmake --install build --prefix build/examples/prefix >/dev/null
	cmake -S examples/$* -B build/examples/$* -DCMAKE_PREFIX_PATH=$(CURDIR)/build/examples/prefix -DCMAKE_BUILD_TYPE=Release
	cmake --build build/examples/$*
	cd examples/$* && $(CURDIR)/build/examples/$*/$* $(ARGS)

model:
	scripts/bootstrap.sh build
	scripts/get_model.sh smollm2
	scripts/get_model.sh minilm
