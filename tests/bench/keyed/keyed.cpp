// keyed/*.flow by hand: one thread, one loop, the table in huge pages and growing with the keys.
//
//   bench_keyed sums|window_sums --events N --keys K [--shape indexed|inline|indexed_ahead|inline_ahead]
#include <algorithm>

#include "tests/bench/hand/output.h"
#include "tests/bench/hand/tables.h"

namespace {

using namespace bench;

constexpr int64_t begin_ms = 1577836800000, window_ms = 10000, events_per_ms = 1000;

struct Number {
  int64_t key, value;
};

inline Number number_of(int64_t n, uint64_t keys) {
  uint64_t bits = hash64(static_cast<uint64_t>(n));
  return {static_cast<int64_t>((bits >> 32) * keys >> 32), static_cast<int64_t>(bits & 1023)};
}

/// Adds the events from..to, one by one, or with their places fetched sixteen events ahead.
template <bool fetches, typename Table> void add(Table& table, uint64_t keys, int64_t from, int64_t to) {
  constexpr int64_t ahead = 16;
  if constexpr (!fetches) {
    for (int64_t n = from; n < to; n++) {
      Number number = number_of(n, keys);
      table[number.key] += number.value;
    }
    return;
  }
  Number coming[ahead];
  auto fetch = [&](int64_t n) {
    coming[n % ahead] = number_of(n, keys);
    table.expect(coming[n % ahead].key);
  };
  for (int64_t n = from; n < std::min(from + ahead, to); n++) fetch(n);
  for (int64_t n = from; n < to; n++) {
    Number number = coming[n % ahead];
    if (n + ahead < to) fetch(n + ahead);
    table[number.key] += number.value;
  }
}

template <bool fetches, typename Table, typename Out> void sums(const Flags& flags, Out& out) {
  Table table;
  add<fetches>(table, static_cast<uint64_t>(flags.number("keys")), 0, flags.number("events"));
  table.each([&](int64_t key, int64_t total) { out.row(key, total); });
}

template <bool fetches, typename Table, typename Out> void window_sums(const Flags& flags, Out& out) {
  constexpr int64_t events_of_window = window_ms * events_per_ms;
  int64_t events = flags.number("events");
  Table table;
  for (int64_t from = 0; from < events; from += events_of_window) {
    add<fetches>(table, static_cast<uint64_t>(flags.number("keys")), from, std::min(from + events_of_window, events));
    Time window_end{begin_ms + (from / events_of_window + 1) * window_ms};
    table.each([&](int64_t key, int64_t total) { out.row(key, window_end, total); });
    table.clear();
  }
}

template <bool fetches, typename Table, typename Out> void run(const Flags& flags, Out& out) {
  if (flags.query() == "sums") return sums<fetches, Table>(flags, out);
  if (flags.query() == "window_sums") return window_sums<fetches, Table>(flags, out);
  no_such_query(flags);
}

} // namespace

int main(int argc, char** argv) {
  Flags flags(argc, argv);
  return with_output(flags, [&](auto& out) {
    std::string_view shape = flags.text("shape", "indexed");
    if (shape == "inline") return run<false, InlineTable>(flags, out);
    if (shape == "inline_ahead") return run<true, InlineTable>(flags, out);
    if (shape == "indexed_ahead") return run<true, IndexedTable>(flags, out);
    run<false, IndexedTable>(flags, out);
  });
}
