# Everything that Berth is built from, each with the version it is known to work with (Debian 12) and why it is here.

# Where things are kept that are fetched or built once for all builds.
if("$ENV{XDG_CACHE_HOME}" STREQUAL "")
  set(BERTH_CACHE_DIR $ENV{HOME}/.cache/berth)
else()
  set(BERTH_CACHE_DIR $ENV{XDG_CACHE_HOME}/berth)
endif()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)             # one engine call at a time, loading in the background
find_package(fmt 9 REQUIRED)               # libfmt-dev 9.1: text of messages and reports
find_package(nlohmann_json 3.11 REQUIRED)  # nlohmann-json3-dev 3.11: reads and writes JSON
find_package(CLI11 2.1 REQUIRED)           # libcli11-dev 2.1: command lines with subcommands and good errors
find_package(CURL 7.88 REQUIRED)           # libcurl4-openssl-dev 7.88: remote models, with TLS and proxies; loaded at run time
find_package(OpenSSL 3.0 REQUIRED)         # libssl-dev 3.0: SHA-256 and base64 (libcrypto), workers by TLS (libssl); loaded at run time
find_package(PkgConfig REQUIRED)           # pkgconf 1.8: finds the next ones
pkg_check_modules(LIBYAML REQUIRED IMPORTED_TARGET yaml-0.1>=0.2.5)  # libyaml-dev 0.2.5: YAML as PyYAML reads and writes it
pkg_check_modules(LIBPCRE2 REQUIRED IMPORTED_TARGET libpcre2-8>=10.40)  # libpcre2-dev 10.42: Python's regular expressions
pkg_check_modules(ICU REQUIRED IMPORTED_TARGET icu-uc>=72)  # libicu-dev 72.1: Unicode's properties and normalization, for tokenizers
pkg_check_modules(HWLOC REQUIRED IMPORTED_TARGET hwloc>=2.9)  # libhwloc-dev 2.9: cores, caches and NUMA nodes of any machine
pkg_check_modules(LIBEDIT REQUIRED IMPORTED_TARGET libedit>=3.1)  # libedit-dev 3.1: line editing and history; BSD licence

if(BERTH_LLAMA)
  include(cmake/llama_cpp.cmake)           # runs GGUF models; version and hash in cmake/llama_cpp/source.txt
endif()

if(BERTH_BUILD_TESTS)
  find_package(GTest 1.12 REQUIRED)        # libgtest-dev, libgmock-dev 1.12: tests; python3-jsonschema 4.10: of docs/inventory.schema.json
  # libtorch-dev, optional: only to test the header-only adapter berth/torch.h.
  find_path(BERTH_C10_INCLUDE_DIR c10/core/Device.h)
  find_library(BERTH_C10_LIBRARY c10)
  mark_as_advanced(BERTH_C10_INCLUDE_DIR BERTH_C10_LIBRARY)
endif()
if(BERTH_BUILD_BENCH)
  find_package(benchmark 1.7 REQUIRED)     # libbenchmark-dev 1.7: repetitions and their spread
endif()
