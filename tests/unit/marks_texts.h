// Texts of fields, for the tests of marked records: odd ones, and usual ones of every kind.
#pragma once

#include <string>
#include <vector>

#include "runtime/abi/flow_abi.h"
#include "runtime/base/random.h"

namespace flow::runtime {

inline const std::vector<std::string>& odd_texts() {
  static const std::vector<std::string> texts = {"",
                                                 " ",
                                                 "0",
                                                 "-0",
                                                 "+1",
                                                 "+-1",
                                                 "--1",
                                                 "-",
                                                 "+",
                                                 ".",
                                                 "-.",
                                                 "1.",
                                                 ".5",
                                                 "007",
                                                 "1e5",
                                                 "1E-3",
                                                 "1_0",
                                                 " 12",
                                                 "12 ",
                                                 "\t7",
                                                 "0x10",
                                                 "nan",
                                                 "inf",
                                                 "-inf",
                                                 "NA",
                                                 "null",
                                                 "127",
                                                 "128",
                                                 "-128",
                                                 "-129",
                                                 "255",
                                                 "256",
                                                 "32767",
                                                 "65535",
                                                 "65536",
                                                 "2147483647",
                                                 "2147483648",
                                                 "4294967295",
                                                 "4294967296",
                                                 "9223372036854775807",
                                                 "9223372036854775808",
                                                 "-9223372036854775808",
                                                 "-9223372036854775809",
                                                 "18446744073709551615",
                                                 "18446744073709551616",
                                                 "99999999999999999999",
                                                 "0000000000000000000000001",
                                                 "12345678",
                                                 "123456789",
                                                 "1234567890123456",
                                                 "12345678901234567",
                                                 "9007199254740992",
                                                 "9007199254740993",
                                                 "900719925474099.3",
                                                 "0.1",
                                                 "-0.0",
                                                 "123.456",
                                                 "12345678.87654321",
                                                 "123456789.5",
                                                 "1.234567890123456",
                                                 "1.2345678901234567",
                                                 "0.3000000000000000444",
                                                 "-73.98765432109876",
                                                 "99999999.9999999999",
                                                 "1.00000017881393432617",
                                                 "16777217",
                                                 "16777219",
                                                 "0.0000000000000001",
                                                 "33554433.5",
                                                 "1..2",
                                                 "1.2.3",
                                                 "1,2",
                                                 "12a",
                                                 "a12",
                                                 "12:34",
                                                 "1234567x",
                                                 "x2345678",
                                                 "1234567890:",
                                                 "true",
                                                 "false",
                                                 "TRUE",
                                                 "False",
                                                 "tRuE",
                                                 "t",
                                                 "F",
                                                 "1",
                                                 "yes",
                                                 "truex",
                                                 "\x11",
                                                 "T",
                                                 "fals",
                                                 "2020-01-01",
                                                 "2020-02-29",
                                                 "2019-02-29",
                                                 "2020-13-01",
                                                 "2020-00-10",
                                                 "2020-1-1",
                                                 "0000-01-01",
                                                 "9999-12-31",
                                                 "+012345-01-31",
                                                 "2020-01-01T00:00:00",
                                                 "2020-01-01 23:59:59",
                                                 "2020-01-01T24:00:00",
                                                 "2020-01-01T12:60:00",
                                                 "2020-01-01T12:00:60",
                                                 "2020-01-01T12:00:00Z",
                                                 "2020-01-01t12:00:00z",
                                                 "2020-01-01T12:00",
                                                 "2020-01-01T12:00:00.",
                                                 "2020-01-01T12:00:00.Z",
                                                 "2020-01-01T12:00:00.5",
                                                 "2020-01-01T12:00:00.25Z",
                                                 "2020-01-01T12:00:00.123456Z",
                                                 "2020-01-01T12:00:00.1234567Z",
                                                 "2020-01-01T12:00:00,5",
                                                 "2020-01-01T12:00:00.12a",
                                                 "2020-01-01T12:00:00+01:00",
                                                 "2020-01-01T12:00:00-0130",
                                                 "2020-01-01X12:00:00",
                                                 "2020-01-01T1a:00:00",
                                                 "2020-01-01T12-00:00",
                                                 "2020-02-30T12:00:00",
                                                 "1600000000",
                                                 "1h30min",
                                                 "50ms",
                                                 "-2d",
                                                 "1x",
                                                 "CASH",
                                                 "credit card",
                                                 "cash",
                                                 "CASHX",
                                                 "credit car",
                                                 "YWJj",
                                                 "YWI=",
                                                 "Y",
                                                 "caf\xc3\xa9",
                                                 "\xff\xfe",
                                                 "\xc3",
                                                 "\xed\xa0\x80",
                                                 "a\rb",
                                                 "\r",
                                                 std::string("\0\0\0\0\0\0\0\0\0\0", 10),
                                                 std::string("\0\0\0\0\0\0\0\0\0\0T00:00:00", 19),
                                                 std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xffT00:00:00", 19),
                                                 "123456781234567\xb0",
                                                 "1234\xb0"
                                                 "678",
                                                 "\xb1\xb2\xb3",
                                                 "12345678901234567890123456789012345678901234567890"};
  return texts;
}

inline std::string digits(Random& random, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text += static_cast<char>('0' + random.below(10));
  return text;
}

inline std::string decimal(Random& random) {
  std::string text = random.below(3) == 0 ? "-" : "";
  text += digits(random, 1 + random.below(random.below(4) == 0 ? 12 : 4));
  if (random.below(4) != 0) text += "." + digits(random, 1 + random.below(random.below(4) == 0 ? 18 : 6));
  return text;
}

inline std::string two(Random& random, uint64_t low, uint64_t below) {
  uint64_t value = low + random.below(below - low);
  return {static_cast<char>('0' + value / 10), static_cast<char>('0' + value % 10)};
}

inline std::string date(Random& random) {
  if (random.below(4) != 0) return "2020-01-0" + digits(random, 1);
  return digits(random, 4) + "-" + two(random, 0, 14) + "-" + two(random, 0, 33);
}

inline std::string timestamp(Random& random) {
  std::string text = date(random) + (random.below(2) == 0 ? "T" : " ") + two(random, 0, 25) + ":" + two(random, 0, 61) +
                     ":" + two(random, 0, 61);
  if (random.below(2) == 0) text += "." + digits(random, random.below(9));
  return text + (random.below(2) == 0 ? "Z" : "");
}

// Mostly of the kind, and right.
inline std::string usual_text(Random& random, FlowKind kind) {
  switch (kind) {
  case FLOW_BOOL: return random.below(2) == 0 ? "true" : "false";
  case FLOW_F32:
  case FLOW_F64: return decimal(random);
  case FLOW_STRING: return std::string(random.below(random.below(50) == 0 ? 300 : 12), 'x');
  case FLOW_BYTES: return random.below(2) == 0 ? "YWJj" : "YWI=";
  case FLOW_TIMESTAMP: return timestamp(random);
  case FLOW_DATE: return date(random);
  case FLOW_DURATION: return digits(random, 2) + "ms";
  case FLOW_ENUM: return random.below(2) == 0 ? "CASH" : "credit card";
  case FLOW_I8:
  case FLOW_U8: return digits(random, 2);
  case FLOW_I16:
  case FLOW_U16: return digits(random, 4);
  default: return (random.below(3) == 0 ? "-" : "") + digits(random, 1 + random.below(random.below(5) == 0 ? 19 : 9));
  }
}

} // namespace flow::runtime
