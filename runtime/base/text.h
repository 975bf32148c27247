// Values as text and back, the same everywhere: flags, CSV, JSON, messages. No locale, no allocation when parsing.
//
// Parsing takes the whole text or nothing: no spaces around, nothing left over, nothing out of range. What is printed
// parses back to the same value.
//
//   integers    decimal, an optional sign
//   f64         decimal or scientific, "inf", "nan"; printed in the shortest form that parses back
//   bool        true, false
//   duration    numbers with units, largest first when printed: 1h30min, 50ms, -2d. us ms s min h d w
//   date        2020-01-31; years outside 0 … 9999 with sign and six digits or more: +012345-01-31
//   timestamp   date, 'T' or a space, HH:MM, perhaps :SS, a fraction, and Z, +02:00 or +0200 (none means UTC). A
//               date alone is its midnight. Digits below the microsecond are cut off. Printed in UTC: with Z, and
//               a fraction of three or six digits only where there is one
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace flow::runtime {

std::optional<int64_t> parse_i64(std::string_view text);
std::optional<uint64_t> parse_u64(std::string_view text);
std::optional<double> parse_f64(std::string_view text);
std::optional<float> parse_f32(std::string_view text);
std::optional<bool> parse_bool(std::string_view text);
std::optional<int64_t> parse_duration(std::string_view text);   // microseconds
std::optional<int64_t> parse_timestamp(std::string_view text);  // microseconds since 1970, UTC
std::optional<int32_t> parse_date(std::string_view text);       // days since 1970
std::optional<uint64_t> parse_byte_size(std::string_view text); // 4096, 64KiB, 1MiB, 2GiB (or KB, MB, GB: the same)

// Writers into memory of the caller: they return the end of what they wrote, at most `text_bytes_max` bytes.
constexpr size_t text_bytes_max = 48;
char* write_i64(char* to, int64_t value);
char* write_u64(char* to, uint64_t value);
char* write_f64(char* to, double value);
char* write_f32(char* to, float value);
char* write_duration(char* to, int64_t us);
char* write_timestamp(char* to, int64_t us);
char* write_date(char* to, int32_t days);

std::string format_f64(double value);
std::string format_duration(int64_t us);
std::string format_timestamp(int64_t us);
std::string format_date(int32_t days);

// The text between quotes, unprintable bytes as \xNN, cut after `bytes_max` with "…": for messages about data.
std::string quoted(std::string_view text, size_t bytes_max = 80);

} // namespace flow::runtime
