// The frame of the programs written by hand: their flags, and what becomes of their result rows, which is the same
// three things that bench.py has the Flow programs do with theirs.
//
//   PROGRAM QUERY [--name value …]             rows are made and thrown away: this is what is timed
//   PROGRAM QUERY [--name value …] --digest    prints `rows,mix`: digest.flow has the same arithmetic
//   PROGRAM QUERY [--name value …] --print     prints the rows, as CSV without a header
#pragma once

#include <charconv>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <map>
#include <string>
#include <string_view>

namespace bench {

/// As the standard library of Flow has it.
inline uint64_t hash64(uint64_t value) {
  value += 0x9e3779b97f4a7c15u;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

/// The value has been made: the compiler may not leave it out. The discard sink of Flow does the same.
inline void exists(int64_t value) { asm volatile("" : : "r"(value)); }
inline void exists(std::string_view text) { asm volatile("" : : "r"(text.data()), "r"(text.size()) : "memory"); }

struct Time {
  int64_t ms; // since 1970
};
inline void exists(Time time) { exists(time.ms); }

class Flags {
public:
  Flags(int argc, char** argv) {
    for (int i = 1; i < argc; i++) {
      std::string_view word = argv[i];
      if (word.substr(0, 2) != "--") {
        query_ = word;
      } else if (word == "--print" || word == "--digest") {
        values_[word.substr(2)] = "yes";
      } else if (i + 1 < argc) {
        values_[word.substr(2)] = argv[++i];
      }
    }
  }
  std::string_view query() const { return query_; }
  bool has(std::string_view name) const { return values_.count(name) != 0; }
  /// `otherwise` where the flag is not given.
  std::string_view text(std::string_view name, std::string_view otherwise = "") const {
    auto found = values_.find(name);
    return found == values_.end() ? otherwise : found->second;
  }
  int64_t number(std::string_view name) const {
    std::string_view digits = text(name);
    int64_t value = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) {
      std::fprintf(stderr, "--%.*s must be a whole number\n", static_cast<int>(name.size()), name.data());
      std::exit(2);
    }
    return value;
  }

private:
  std::string_view query_;
  std::map<std::string_view, std::string_view> values_;
};

/// Takes rows and counts them.
class Discard {
public:
  template <typename... Fields> void row(const Fields&... fields) {
    (exists(fields), ...);
    rows_++;
  }
  void finish() const { std::printf("%" PRId64 "\n", rows_); }

private:
  int64_t rows_ = 0;
};

/// Each row makes one number of its fields; their lower halves are added up.
class Digest {
public:
  template <typename First, typename... Fields> void row(const First& first, const Fields&... fields) {
    uint64_t mix = bits(first);
    ((mix = hash64(hash64(mix) ^ bits(fields))), ...);
    mix_ += mix & 0xffffffff;
    rows_++;
  }
  void finish() const { std::printf("%" PRId64 ",%" PRIu64 "\n", rows_, mix_); }

private:
  static uint64_t bits(int64_t value) { return static_cast<uint64_t>(value); }
  static uint64_t bits(Time time) { return static_cast<uint64_t>(time.ms); }
  static uint64_t bits(std::string_view text) { return text.size(); }

  int64_t rows_ = 0;
  uint64_t mix_ = 0;
};

class Print {
public:
  template <typename First, typename... Fields> void row(const First& first, const Fields&... fields) {
    print(first);
    ((std::putchar(','), print(fields)), ...);
    std::putchar('\n');
  }
  void finish() const {}

private:
  static void print(int64_t value) { std::printf("%" PRId64, value); }
  static void print(std::string_view text) { std::printf("%.*s", static_cast<int>(text.size()), text.data()); }
  static void print(Time time) {
    std::time_t seconds = time.ms / 1000;
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    std::printf("%s", text);
    if (time.ms % 1000 != 0) std::printf(".%03d", static_cast<int>(time.ms % 1000));
    std::putchar('Z');
  }
};

/// Calls `query(out)` with the output that the flags ask for.
template <typename Query> int with_output(const Flags& flags, const Query& query) {
  auto run = [&](auto out) {
    query(out);
    out.finish();
    return 0;
  };
  if (flags.has("print")) return run(Print());
  if (flags.has("digest")) return run(Digest());
  return run(Discard());
}

[[noreturn]] inline void no_such_query(const Flags& flags) {
  std::fprintf(stderr, "there is no query '%.*s'\n", static_cast<int>(flags.query().size()), flags.query().data());
  std::exit(2);
}

} // namespace bench
