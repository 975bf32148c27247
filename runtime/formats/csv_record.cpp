#include "runtime/formats/csv_record.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace flow::runtime {
namespace {

constexpr uint64_t ones = 0x0101010101010101u;
constexpr uint64_t highs = 0x8080808080808080u;

// A high bit in every byte that is zero. Bytes above a zero may show false ones; the lowest is right.
uint64_t zero_bytes(uint64_t word) { return (word - ones) & ~word & highs; }

const char* find_byte(const char* at, const char* end, char byte) {
  if (at == end) return end;
  const auto* found = static_cast<const char*>(std::memchr(at, byte, static_cast<size_t>(end - at)));
  return found == nullptr ? end : found;
}

// The first of two bytes, eight bytes at a time: most fields are too short for memchr to pay.
const char* find_either(const char* at, const char* end, char a, char b) {
  uint64_t all_a = ones * static_cast<uint8_t>(a);
  uint64_t all_b = ones * static_cast<uint8_t>(b);
  while (end - at >= 8) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    uint64_t hits = zero_bytes(word ^ all_a) | zero_bytes(word ^ all_b);
    if (hits != 0) return at + std::countr_zero(hits) / 8;
    at += 8;
  }
  while (at < end && *at != a && *at != b) ++at;
  return at;
}

struct Quoted {
  const char* close; // the closing quote; null: it is not in the window
  bool has_escapes = false;
};

// `at` is behind the opening quote. A quote at the end of the window counts as closing; the caller looks further.
Quoted find_closing_quote(const char* at, const char* end) {
  Quoted quoted{nullptr};
  while (true) {
    const char* quote = find_byte(at, end, '"');
    if (quote == end) return quoted;
    if (quote + 1 == end || quote[1] != '"') {
      quoted.close = quote;
      return quoted;
    }
    quoted.has_escapes = true;
    at = quote + 2;
  }
}

CsvSplit malformed(const char* begin, const char* end, bool is_last, const char* fault, std::string_view reason) {
  CsvSplit split;
  const char* line_end = find_byte(fault, end, '\n');
  if (line_end == end && !is_last) return split;
  split.outcome = CsvSplit::Outcome::malformed;
  split.end = line_end > begin && line_end[-1] == '\r' ? line_end - 1 : line_end;
  split.next = line_end == end ? end : line_end + 1;
  split.lines = std::count(begin, split.next, '\n');
  split.fault = fault;
  split.reason = reason;
  return split;
}

CsvSlice slice_of(const char* begin, const char* end, bool is_quoted, bool has_escapes) {
  return {begin, static_cast<uint32_t>(end - begin), is_quoted, has_escapes};
}

} // namespace

CsvSplit CsvSplitter::split(const char* begin, const char* end, bool is_last, size_t slices_max) {
  slices_.clear();
  columns_ = 0;
  CsvSplit split;
  auto finish = [&](const char* record_end, const char* next) {
    split.outcome = CsvSplit::Outcome::whole;
    split.end = record_end;
    split.next = next;
    split.columns = columns_;
    return split;
  };
  for (const char* at = begin;;) {
    if (at < end && *at == '"') {
      Quoted quoted = find_closing_quote(at + 1, end);
      if (quoted.close == nullptr) {
        return is_last ? malformed(begin, end, is_last, at, "the quote is not closed") : CsvSplit();
      }
      const char* after = quoted.close + 1;
      if (end - after < 2 && !is_last) return CsvSplit(); // what follows may be "\r\n", or a second quote
      add(slice_of(at + 1, quoted.close, true, quoted.has_escapes), slices_max);
      split.lines += std::count(at, after, '\n');
      bool has_return = after < end && *after == '\r' && (after + 1 == end || after[1] == '\n');
      const char* behind = has_return ? after + 1 : after;
      if (behind == end) return finish(after, end);
      if (*behind == '\n') return finish(after, behind + 1);
      if (*after != delimiter_) return malformed(begin, end, is_last, after, "text after the closing quote");
      at = after + 1;
      continue;
    }
    const char* stop = find_either(at, end, delimiter_, '\n');
    if (stop == end && !is_last) return CsvSplit();
    bool is_end = stop == end || *stop == '\n';
    const char* field_end = is_end && stop > at && stop[-1] == '\r' ? stop - 1 : stop;
    add(slice_of(at, field_end, false, false), slices_max);
    if (is_end) return finish(field_end, stop == end ? end : stop + 1);
    at = stop + 1;
  }
}

void CsvSplitter::add(CsvSlice slice, size_t slices_max) {
  ++columns_;
  if (slices_.size() < slices_max) slices_.push_back(slice);
}

std::string_view csv_unescape(std::string_view text, char* to) {
  char* end = to;
  for (size_t i = 0; i < text.size(); ++i) {
    *end++ = text[i];
    if (text[i] == '"') ++i; // its twin
  }
  return {to, static_cast<size_t>(end - to)};
}

} // namespace flow::runtime
