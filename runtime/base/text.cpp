#include "runtime/base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "runtime/base/assert.h"
#include "runtime/base/calendar.h"

namespace flow::runtime {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A leading '+' is fine, but for a second sign; from_chars itself knows only '-'.
std::string_view without_plus(std::string_view text) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-' && text[1] != '+') text.remove_prefix(1);
  return text;
}

template <typename T> std::optional<T> parse_whole(std::string_view text) {
  text = without_plus(text);
  T value{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Takes pieces from the front of a text. After the first mismatch everything else fails too.
class Scanner {
public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool is_at_end() const { return text_.empty(); }
  bool has_failed() const { return has_failed_; }
  char peek() const { return text_.empty() ? '\0' : text_[0]; }
  bool peek_digit() const { return is_digit(peek()); }
  void fail() { has_failed_ = true; }

  bool accept(char wanted) {
    if (text_.empty() || text_[0] != wanted) return false;
    text_.remove_prefix(1);
    return true;
  }
  void expect(char wanted) {
    if (!accept(wanted)) fail();
  }

  // A number of at least `digits_min` and at most `digits_max` digits; the number of digits is left in `digits`.
  int64_t number(int digits_min, int digits_max) {
    int64_t value = 0;
    for (digits = 0; digits < digits_max && peek_digit(); ++digits) {
      value = value * 10 + (text_[0] - '0');
      text_.remove_prefix(1);
    }
    if (digits < digits_min) fail();
    return value;
  }
  int64_t two_digits(int64_t max) {
    int64_t value = number(2, 2);
    if (value > max) fail();
    return value;
  }

  std::string_view letters() {
    size_t count = 0;
    while (count < text_.size() && ((text_[count] | 0x20) >= 'a') && ((text_[count] | 0x20) <= 'z')) ++count;
    std::string_view result = text_.substr(0, count);
    text_.remove_prefix(count);
    return result;
  }

  int digits = 0;

private:
  std::string_view text_;
  bool has_failed_ = false;
};

int64_t scan_date(Scanner& scan) {
  CivilDate date;
  bool is_signed = scan.peek() == '+' || scan.peek() == '-';
  if (is_signed) {
    bool is_negative = scan.accept('-') || !scan.accept('+');
    date.year = scan.number(6, 7) * (is_negative ? -1 : 1);
  } else {
    date.year = scan.number(4, 4);
  }
  scan.expect('-');
  date.month = static_cast<int>(scan.number(2, 2));
  scan.expect('-');
  date.day = static_cast<int>(scan.number(2, 2));
  if (scan.has_failed() || date.month < 1 || date.month > 12 || date.day < 1 ||
      date.day > days_in_month(date.year, date.month)) {
    scan.fail();
    return 0;
  }
  return days_from_civil(date);
}

int64_t scan_fraction_us(Scanner& scan) {
  int64_t value = scan.number(1, 9);
  int digits = scan.digits;
  for (; digits < 6; ++digits) value *= 10;
  for (; digits > 6; --digits) value /= 10;
  return value;
}

int64_t scan_time_of_day_us(Scanner& scan) {
  int64_t seconds = scan.two_digits(23) * 3600;
  scan.expect(':');
  seconds += scan.two_digits(59) * 60;
  if (!scan.accept(':')) return seconds * us_per_second;
  seconds += scan.two_digits(59);
  int64_t fraction = scan.accept('.') || scan.accept(',') ? scan_fraction_us(scan) : 0;
  return seconds * us_per_second + fraction;
}

// What has to be taken from the local time to get UTC.
int64_t scan_zone_us(Scanner& scan) {
  if (scan.is_at_end() || scan.accept('Z') || scan.accept('z')) return 0;
  bool is_west = scan.accept('-');
  if (!is_west) scan.expect('+');
  int64_t minutes = scan.two_digits(23) * 60;
  scan.accept(':');
  minutes += scan.two_digits(59);
  return minutes * 60 * us_per_second * (is_west ? -1 : 1);
}

struct Unit {
  std::string_view name;
  int64_t us;
};
constexpr std::array<Unit, 7> duration_units = {{{"w", 7 * us_per_day},
                                                 {"d", us_per_day},
                                                 {"h", 3600 * us_per_second},
                                                 {"min", 60 * us_per_second},
                                                 {"s", us_per_second},
                                                 {"ms", 1000},
                                                 {"us", 1}}};

const Unit* find_unit(std::string_view name) {
  auto found =
      std::find_if(duration_units.begin(), duration_units.end(), [&](auto& unit) { return unit.name == name; });
  return found == duration_units.end() ? nullptr : &*found;
}

char* write_text(char* to, std::string_view text) { return std::copy(text.begin(), text.end(), to); }

char* write_padded(char* to, int64_t value, int width) {
  for (int i = width - 1; i >= 0; --i, value /= 10) to[i] = static_cast<char>('0' + value % 10);
  return to + width;
}

char* write_civil_date(char* to, CivilDate date) {
  if (date.year >= 0 && date.year <= 9999) {
    to = write_padded(to, date.year, 4);
  } else {
    *to++ = date.year < 0 ? '-' : '+';
    int64_t year = date.year < 0 ? -date.year : date.year;
    to = write_padded(to, year, year > 999'999 ? 7 : 6);
  }
  *to++ = '-';
  to = write_padded(to, date.month, 2);
  *to++ = '-';
  return write_padded(to, date.day, 2);
}

char* write_time_of_day(char* to, int64_t us) {
  int64_t seconds = us / us_per_second;
  int64_t fraction = us % us_per_second;
  to = write_padded(to, seconds / 3600, 2);
  *to++ = ':';
  to = write_padded(to, seconds / 60 % 60, 2);
  *to++ = ':';
  to = write_padded(to, seconds % 60, 2);
  if (fraction == 0) return to;
  *to++ = '.';
  return fraction % 1000 == 0 ? write_padded(to, fraction / 1000, 3) : write_padded(to, fraction, 6);
}

template <typename T> char* write_number(char* to, T value) {
  auto [end, error] = std::to_chars(to, to + text_bytes_max, value);
  FLOW_ASSERT(error == std::errc(), "every number fits into text_bytes_max");
  return end;
}

template <typename T> std::string as_string(char* (*write)(char*, T), T value) {
  char text[text_bytes_max];
  return std::string(text, write(text, value));
}

} // namespace

std::optional<int64_t> parse_i64(std::string_view text) { return parse_whole<int64_t>(text); }
std::optional<uint64_t> parse_u64(std::string_view text) { return parse_whole<uint64_t>(text); }
// from_chars takes "nan(…)"; one spelling is enough.
std::optional<double> parse_f64(std::string_view text) {
  return text.ends_with(')') ? std::nullopt : parse_whole<double>(text);
}
std::optional<float> parse_f32(std::string_view text) {
  return text.ends_with(')') ? std::nullopt : parse_whole<float>(text);
}

std::optional<bool> parse_bool(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

std::optional<int64_t> parse_duration(std::string_view text) {
  Scanner scan(text);
  int64_t sign = scan.accept('-') ? -1 : 1;
  int64_t total = 0;
  if (scan.is_at_end()) return std::nullopt;
  while (!scan.is_at_end()) {
    int64_t amount = scan.number(1, 18);
    const Unit* unit = find_unit(scan.letters());
    if (scan.has_failed() || unit == nullptr) return std::nullopt;
    // Summed with its sign, so that the most negative duration can be said too.
    if (__builtin_mul_overflow(amount, unit->us * sign, &amount)) return std::nullopt;
    if (__builtin_add_overflow(total, amount, &total)) return std::nullopt;
  }
  return total;
}

std::optional<int64_t> parse_timestamp(std::string_view text) {
  Scanner scan(text);
  int64_t days = scan_date(scan);
  int64_t time_us = 0;
  if (!scan.is_at_end()) {
    if (!scan.accept('T') && !scan.accept(' ') && !scan.accept('t')) return std::nullopt;
    time_us = scan_time_of_day_us(scan);
    time_us -= scan_zone_us(scan);
  }
  if (scan.has_failed() || !scan.is_at_end()) return std::nullopt;
  // In 128 bits, as the first day that can be said starts before the first instant.
  __int128 total = static_cast<__int128>(days) * us_per_day + time_us;
  if (total < std::numeric_limits<int64_t>::min() || total > std::numeric_limits<int64_t>::max()) return std::nullopt;
  return static_cast<int64_t>(total);
}

std::optional<int32_t> parse_date(std::string_view text) {
  Scanner scan(text);
  int64_t days = scan_date(scan);
  if (scan.has_failed() || !scan.is_at_end() || days != static_cast<int32_t>(days)) return std::nullopt;
  return static_cast<int32_t>(days);
}

std::optional<uint64_t> parse_byte_size(std::string_view text) {
  Scanner scan(text);
  auto amount = static_cast<uint64_t>(scan.number(1, 18));
  std::string_view unit = scan.letters();
  if (scan.has_failed() || !scan.is_at_end()) return std::nullopt;
  uint64_t factor = 1;
  if (unit == "KiB" || unit == "KB")
    factor = uint64_t{1} << 10;
  else if (unit == "MiB" || unit == "MB")
    factor = uint64_t{1} << 20;
  else if (unit == "GiB" || unit == "GB")
    factor = uint64_t{1} << 30;
  else if (!unit.empty() && unit != "B")
    return std::nullopt;
  uint64_t size = 0;
  if (__builtin_mul_overflow(amount, factor, &size)) return std::nullopt;
  return size;
}

char* write_i64(char* to, int64_t value) { return write_number(to, value); }
char* write_u64(char* to, uint64_t value) { return write_number(to, value); }

char* write_f64(char* to, double value) {
  if (std::isnan(value)) return write_text(to, "nan"); // one NaN: its sign and payload do not show
  return write_number(to, value);
}

char* write_f32(char* to, float value) {
  if (std::isnan(value)) return write_text(to, "nan");
  return write_number(to, value);
}

char* write_duration(char* to, int64_t us) {
  if (us == 0) return write_text(to, "0s");
  if (us < 0) *to++ = '-';
  uint64_t rest = us < 0 ? ~static_cast<uint64_t>(us) + 1 : static_cast<uint64_t>(us);
  for (const Unit& unit : duration_units) {
    if (unit.name == "w") continue; // 7d is easier to read than 1w
    uint64_t amount = rest / static_cast<uint64_t>(unit.us);
    rest %= static_cast<uint64_t>(unit.us);
    if (amount > 0) to = write_text(write_u64(to, amount), unit.name);
  }
  return to;
}

char* write_timestamp(char* to, int64_t us) {
  to = write_civil_date(to, civil_from_days(floor_div(us, us_per_day)));
  *to++ = 'T';
  to = write_time_of_day(to, floor_mod(us, us_per_day));
  *to++ = 'Z';
  return to;
}

char* write_date(char* to, int32_t days) { return write_civil_date(to, civil_from_days(days)); }

std::string format_f64(double value) { return as_string(&write_f64, value); }
std::string format_duration(int64_t us) { return as_string(&write_duration, us); }
std::string format_timestamp(int64_t us) { return as_string(&write_timestamp, us); }
std::string format_date(int32_t days) { return as_string(&write_date, days); }

std::string quoted(std::string_view text, size_t bytes_max) {
  constexpr std::string_view hex = "0123456789abcdef";
  bool is_cut = text.size() > bytes_max;
  if (is_cut) {
    size_t end = bytes_max; // not in the middle of a UTF-8 character
    while (end > 0 && (text[end] & 0xc0) == 0x80) --end;
    text = text.substr(0, end);
  }
  std::string result = "'";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      result.append("\\x").push_back(hex[byte >> 4]);
      result.push_back(hex[byte & 15]);
    } else {
      result.push_back(c);
    }
  }
  return result.append(is_cut ? "…'" : "'");
}

} // namespace flow::runtime
