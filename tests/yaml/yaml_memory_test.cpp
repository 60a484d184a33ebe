#include <gtest/gtest.h>
#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <map>
#include <new>
#include <string>

#include "berth/error.h"
#include "yaml/yaml.h"

namespace {

/// What is allocated by new, here and in the library.
std::atomic<std::size_t> bytes_now = 0;
std::atomic<std::size_t> bytes_most = 0;

void* counted_new(std::size_t size) noexcept {
  void* memory = std::malloc(size);
  if (memory == nullptr) return nullptr;
  const auto now = bytes_now += malloc_usable_size(memory);
  for (auto most = bytes_most.load(); now > most && !bytes_most.compare_exchange_weak(most, now);) {
  }
  return memory;
}

void counted_delete(void* memory) noexcept {
  bytes_now -= malloc_usable_size(memory);
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) {
  if (void* memory = counted_new(size)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return counted_new(size); }
void operator delete(void* memory) noexcept { counted_delete(memory); }
void operator delete(void* memory, std::size_t) noexcept { counted_delete(memory); }

namespace berth::yaml {
namespace {

constexpr std::size_t text_bytes = 64 << 10;

/// `start`, as many of `part(0)`, `part(1)`, ... as fit, and `end`.
std::string filled(std::string start, const std::function<std::string(int)>& part, const std::string& end) {
  for (int i = 0; start.size() < text_bytes; ++i) start += part(i);
  return start + end;
}

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

std::map<std::string, std::string> texts() {
  const auto always = [](std::string text) { return [text](int) { return text; }; };
  const auto numbered = [](std::string before, std::string after) {
    return [before, after](int i) { return before + std::to_string(i) + after; };
  };
  return {
      {"one long string", filled("a: ", always("x"), "\n")},
      {"many short keys", filled("", numbered("k", ": 1\n"), "")},
      {"keys without values", filled("{", numbered("", "a,"), "}")},
      {"a list of numbers", filled("", always("- 1\n"), "")},
      {"a list in brackets", filled("[", always("1,"), "]")},
      {"a list of empty lists", filled("[", always("[],"), "]")},
      {"a list of lists", filled("[", always("[a],"), "]")},
      {"a list of objects", filled("[", always("{a},"), "]")},
      {"deep lists", filled("[", always(repeated("[", 190) + repeated("]", 190) + ","), "]")},
      {"deep objects", filled("[", always(repeated("{a: ", 190) + "1" + repeated("}", 190) + ","), "]")},
      {"comments", filled("a: 1\n", always("# comment\n"), "")},
      {"anchors", filled("[", numbered("&a", " 1,"), "]")},
  };
}

TEST(YamlMemory, IsAtMostFortyTimesTheText) {
  for (const auto& [name, text] : texts()) {
    const std::size_t before = bytes_now;
    bytes_most = before;
    const auto value = read(text);
    EXPECT_LE(bytes_most - before, 40 * text.size()) << name;
  }
}

TEST(YamlMemory, OfAnchorsAndAliasesIsBoundedByWhatTheyRepeat) {
  const auto refused = [](const std::string& text) {
    const std::size_t before = bytes_now;
    bytes_most = before;
    EXPECT_THROW(read(text), FormatError);
    return bytes_most - before;
  };
  const std::string word(text_bytes, 'x');
  const std::size_t most_repeated = (64U << 20U) + 40 * text_bytes;
  EXPECT_LE(refused("- &a " + word + "\n" + repeated("- *a\n", 10'000)), 2 * most_repeated);
  std::string nested;
  for (int i = 0; i < 190; ++i) nested += "&a" + std::to_string(i) + " [";
  EXPECT_LE(refused(nested + repeated(word.substr(0, 1000) + ",", 1000) + repeated("]", 190)), 2 * most_repeated);
}

}  // namespace
}  // namespace berth::yaml
