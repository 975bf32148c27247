// Functions of the prelude that take regular expressions. In a file of its own, so that only programs that use them are
// linked with RE2. A pattern is compiled once per task and kept in the task's cache.
//
// split(text, pattern) works like that of Java: the text between matches; an empty part in front is kept, empty parts
// at the end are left out; a match of nothing at the beginning makes no part; a text without match is one part.
#include <re2/re2.h>
#include <string.h>

#include <algorithm>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "runtime/task/task.h"
#include "runtime/vocabulary/functions.h"

using flow::runtime::Task;

// Lies in scratch memory, so that one unnest may stand inside another.
struct FlowSplitter {
  struct Patterns* owner = nullptr;
  const re2::RE2* pattern = nullptr;
  re2::StringPiece text;
  size_t part = 0;      // where the next part begins
  size_t search = 0;    // where the next match is looked for
  uint64_t pending = 0; // empty parts that are given once a part with something in it follows
  FlowView held{};      // that part
  bool has_held = false;
  bool is_done = false;
};

// The compiled patterns of a task. One that is thrown out may still be in the hands of a splitter: it is freed when no
// splitter is open.
struct Patterns {
  std::vector<std::unique_ptr<re2::RE2>> known; // last used first
  std::vector<std::unique_ptr<re2::RE2>> retired;
  uint64_t open_splitters = 0;
};

namespace {

constexpr size_t patterns_max = 64;

void free_patterns(void* patterns) { delete static_cast<Patterns*>(patterns); }

Patterns& patterns_of(FlowTask* task) {
  flow::runtime::TaskCache& cache = Task::from(task)->cache;
  if (cache.data == nullptr) cache = {new Patterns, free_patterns};
  return *static_cast<Patterns*>(cache.data);
}

// Null, and the row failed, if it is no regular expression.
const re2::RE2* compiled(FlowTask* task, re2::StringPiece pattern) {
  auto& known = patterns_of(task).known;
  auto found = std::find_if(known.begin(), known.end(), [&](const auto& each) { return each->pattern() == pattern; });
  if (found == known.end()) {
    re2::RE2::Options options(re2::RE2::Quiet);
    if (known.size() == patterns_max) {
      patterns_of(task).retired.push_back(std::move(known.back()));
      known.pop_back();
    }
    known.push_back(std::make_unique<re2::RE2>(pattern, options));
    found = known.end() - 1;
  }
  std::rotate(known.begin(), found, found + 1);
  if (known.front()->ok()) return known.front().get();
  flow_fail(task, UINT32_MAX, FLOW_FAIL_ARGUMENT);
  return nullptr;
}

FlowView view_of(re2::StringPiece text) { return {text.data() == nullptr ? "" : text.data(), text.size()}; }

// The next part, empty or not; false behind the last.
bool next_part(FlowSplitter& splitter, re2::StringPiece* part) {
  if (splitter.is_done) return false;
  const re2::StringPiece& text = splitter.text;
  re2::StringPiece match;
  while (splitter.search <= text.size() &&
         splitter.pattern->Match(text, splitter.search, text.size(), re2::RE2::UNANCHORED, &match, 1)) {
    size_t begin = static_cast<size_t>(match.data() - text.data()), end = begin + match.size();
    splitter.search = end;
    if (match.empty()) {
      // Nothing was matched: go on behind the next character.
      do ++splitter.search;
      while (splitter.search < text.size() && (static_cast<unsigned char>(text[splitter.search]) & 0xc0) == 0x80);
      if (begin == 0 || begin == text.size()) continue;
    }
    *part = text.substr(splitter.part, begin - splitter.part);
    splitter.part = end;
    return true;
  }
  *part = text.substr(splitter.part);
  splitter.is_done = true;
  return true;
}

} // namespace

extern "C" {

uint8_t flow_fn_matches(FlowTask* task, const char* text, uint64_t length, const char* pattern,
                        uint64_t pattern_length) {
  const re2::RE2* regex = compiled(task, {pattern, pattern_length});
  return regex != nullptr && re2::RE2::FullMatch(re2::StringPiece(text, length), *regex);
}

FlowView flow_fn_group(FlowTask* task, const char* text, uint64_t length, const char* pattern, uint64_t pattern_length,
                       int64_t number) {
  const re2::RE2* regex = compiled(task, {pattern, pattern_length});
  if (regex == nullptr) return {nullptr, 0};
  if (number < 0 || number > regex->NumberOfCapturingGroups()) {
    flow_fail(task, UINT32_MAX, FLOW_FAIL_ARGUMENT);
    return {nullptr, 0};
  }
  std::vector<re2::StringPiece> groups(static_cast<size_t>(number) + 1);
  bool is_found =
      regex->Match({text, length}, 0, length, re2::RE2::UNANCHORED, groups.data(), static_cast<int>(groups.size()));
  if (!is_found || groups.back().data() == nullptr) return {nullptr, 0};
  return view_of(groups.back());
}

FlowSplitter* flow_rt_split_begin(FlowTask* task, const char* text, uint64_t length, const char* pattern,
                                  uint64_t pattern_length) {
  Patterns& patterns = patterns_of(task);
  if (patterns.open_splitters == 0) patterns.retired.clear();
  FlowSplitter& splitter = *new (flow_scratch(task, sizeof(FlowSplitter))) FlowSplitter;
  splitter.owner = &patterns;
  splitter.pattern = compiled(task, {pattern, pattern_length});
  if (splitter.pattern != nullptr) ++patterns.open_splitters;
  splitter.text = {text, length};
  splitter.is_done = splitter.pattern == nullptr;
  if (length == 0 && !splitter.is_done) { // the empty text is one empty part
    splitter.pending = 1;
    splitter.is_done = true;
  }
  return &splitter;
}

uint8_t flow_rt_split_next(FlowSplitter* splitter, FlowView* part) {
  if (splitter->pending > 0 && (splitter->has_held || splitter->text.empty())) {
    --splitter->pending;
    *part = {"", 0};
    return 1;
  }
  if (splitter->has_held) {
    splitter->has_held = false;
    *part = splitter->held;
    return 1;
  }
  re2::StringPiece found;
  while (next_part(*splitter, &found)) {
    if (found.empty()) {
      ++splitter->pending;
      continue;
    }
    splitter->held = view_of(found);
    splitter->has_held = true;
    return flow_rt_split_next(splitter, part);
  }
  --splitter->owner->open_splitters;
  return 0;
}

} // extern "C"
