// The functions of the prelude: what they give, what they refuse, and that stdlib/prelude.flow declares exactly those
// that runtime/vocabulary/functions.h has. Run alone: bin/tests/functions_test
#include "runtime/vocabulary/functions.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <optional>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "runtime/base/text.h"
#include "runtime/task/task.h"

namespace flow::runtime {
namespace {

class Functions : public ::testing::Test {
protected:
  FlowProgram program_{};
  Task task_{program_, nullptr};
  FlowTask* task = &task_;

  static std::optional<std::string> text(FlowView view) {
    if (view.data == nullptr) return std::nullopt;
    return std::string(view.data, view.length);
  }
  // The failure of the last call, taken back.
  uint32_t failure() {
    uint32_t found = task->failure;
    flow_forgive(task);
    return found;
  }
  int64_t time(const char* text) { return parse_timestamp(text).value(); }

  using Text = const std::string&;
  std::string lower(Text s) { return *text(flow_fn_lower(task, s.data(), s.size())); }
  std::string upper(Text s) { return *text(flow_fn_upper(task, s.data(), s.size())); }
  std::string trim(Text s) { return *text(flow_fn_trim(task, s.data(), s.size())); }
  int64_t length(Text s) { return flow_fn_length(task, s.data(), s.size()); }
  std::string substring(Text s, int64_t start, int64_t count) {
    return *text(flow_fn_substring(task, s.data(), s.size(), start, count));
  }
  std::string replace(Text s, Text part, Text with) {
    return *text(flow_fn_replace(task, s.data(), s.size(), part.data(), part.size(), with.data(), with.size()));
  }
  std::string reverse(Text s) { return *text(flow_fn_reverse(task, s.data(), s.size())); }
  std::string repeat(Text s, int64_t times) { return *text(flow_fn_repeat(task, s.data(), s.size(), times)); }
  std::string pad_start(Text s, int64_t width, Text fill) {
    return *text(flow_fn_pad_start(task, s.data(), s.size(), width, fill.data(), fill.size()));
  }
  std::string pad_end(Text s, int64_t width, Text fill) {
    return *text(flow_fn_pad_end(task, s.data(), s.size(), width, fill.data(), fill.size()));
  }
  bool matches(Text s, Text pattern) {
    return flow_fn_matches(task, s.data(), s.size(), pattern.data(), pattern.size()) != 0;
  }
  std::optional<std::string> group(Text s, Text pattern, int64_t number) {
    return text(flow_fn_group(task, s.data(), s.size(), pattern.data(), pattern.size(), number));
  }
  std::vector<std::string> split(Text s, Text pattern) {
    FlowSplitter* splitter = flow_rt_split_begin(task, s.data(), s.size(), pattern.data(), pattern.size());
    std::vector<std::string> parts;
    FlowView part;
    while (flow_rt_split_next(splitter, &part)) parts.push_back(*text(part));
    return parts;
  }
  std::string format(int64_t at, Text pattern) {
    return *text(flow_fn_format(task, at, pattern.data(), pattern.size()));
  }
  int64_t count_of(Text s, Text part) { return flow_fn_count_of(task, s.data(), s.size(), part.data(), part.size()); }
  std::optional<int64_t> index_of(Text s, Text part) {
    FlowMaybe maybe = flow_fn_index_of(task, s.data(), s.size(), part.data(), part.size());
    if (maybe.is_null != 0) return std::nullopt;
    return maybe.bits;
  }
};

TEST_F(Functions, CaseAndSpaces) {
  EXPECT_EQ(lower("ABC xyz É[@"), "abc xyz É[@");
  EXPECT_EQ(upper("ABC xyz é{`"), "ABC XYZ é{`");
  EXPECT_EQ(trim(" \t\r\n a b \n"), "a b");
  EXPECT_EQ(trim("  "), "");
  EXPECT_EQ(trim(""), "");
}

TEST_F(Functions, PositionsCountCharacters) {
  std::string text = "añ€😀z";
  EXPECT_EQ(length(text), 5);
  EXPECT_EQ(length(""), 0);
  EXPECT_EQ(substring(text, 1, 3), "ñ€😀");
  EXPECT_EQ(substring(text, 4, 100), "z");
  EXPECT_EQ(substring(text, 5, 1), "");
  EXPECT_EQ(substring(text, -2, 3), "a");
  EXPECT_EQ(substring(text, -2, 2), "");
  EXPECT_EQ(substring(text, INT64_MIN, INT64_MAX), "");
  EXPECT_EQ(substring(text, 0, INT64_MAX), text);
  EXPECT_EQ(substring(text, 2, -1), "");
  EXPECT_EQ(reverse(text), "z😀€ña");
  EXPECT_EQ(index_of(text, "😀"), 3);
  EXPECT_EQ(index_of(text, ""), 0);
  EXPECT_EQ(index_of(text, "q"), std::nullopt);
}

TEST_F(Functions, FindingAndReplacing) {
  EXPECT_TRUE(flow_fn_contains(task, "abc", 3, "bc", 2));
  EXPECT_TRUE(flow_fn_contains(task, "abc", 3, "", 0));
  EXPECT_FALSE(flow_fn_contains(task, "abc", 3, "cb", 2));
  EXPECT_TRUE(flow_fn_starts_with(task, "abc", 3, "ab", 2));
  EXPECT_FALSE(flow_fn_starts_with(task, "a", 1, "ab", 2));
  EXPECT_TRUE(flow_fn_ends_with(task, "abc", 3, "bc", 2));
  EXPECT_EQ(count_of("aaaa", "aa"), 2);
  EXPECT_EQ(count_of("aaaa", ""), 0);
  EXPECT_EQ(replace("a-b-c", "-", ""), "abc");
  EXPECT_EQ(replace("a-b-c", "-", "--"), "a--b--c");
  EXPECT_EQ(replace("abc", "", "x"), "abc");
  EXPECT_EQ(replace("", "a", "x"), "");
  std::string large(8 * 1024 * 1024, 'a');
  EXPECT_EQ(replace(large, "a", "xxx"), "");
  EXPECT_EQ(failure(), FLOW_FAIL_SIZE);
}

TEST_F(Functions, RepeatingAndPadding) {
  EXPECT_EQ(repeat("ab", 3), "ababab");
  EXPECT_EQ(repeat("ab", 0), "");
  EXPECT_EQ(repeat("", INT64_MAX), "");
  EXPECT_EQ(failure(), 0u);
  repeat("ab", -1);
  EXPECT_EQ(failure(), FLOW_FAIL_ARGUMENT);
  repeat("ab", INT64_MAX);
  EXPECT_EQ(failure(), FLOW_FAIL_SIZE);
  EXPECT_EQ(pad_start("7", 3, "0"), "007");
  EXPECT_EQ(pad_end("é", 3, "€"), "é€€");
  EXPECT_EQ(pad_start("long", 2, "0"), "long");
  EXPECT_EQ(pad_start("x", INT64_MIN, "0"), "x");
  pad_start("x", 3, "ab");
  EXPECT_EQ(failure(), FLOW_FAIL_ARGUMENT);
  pad_start("x", INT64_MAX, "0");
  EXPECT_EQ(failure(), FLOW_FAIL_SIZE);
}

TEST_F(Functions, RegularExpressions) {
  EXPECT_TRUE(matches("2001-01-31", R"(\d+-\d+-\d+)"));
  EXPECT_FALSE(matches("on 2001-01-31", R"(\d+-\d+-\d+)"));
  EXPECT_EQ(group("on 2001-01-31", R"((\d+)-(\d+))", 2), "01");
  EXPECT_EQ(group("on 2001-01-31", R"((\d+)-(\d+))", 0), "2001-01");
  EXPECT_EQ(group("nothing", R"((\d+))", 1), std::nullopt);
  EXPECT_EQ(group("ac", "a(b)?c", 1), std::nullopt);
  EXPECT_EQ(failure(), 0u);
  EXPECT_EQ(group("ac", "a(b)?c", 2), std::nullopt);
  EXPECT_EQ(failure(), FLOW_FAIL_ARGUMENT);
  EXPECT_FALSE(matches("a", "("));
  EXPECT_EQ(failure(), FLOW_FAIL_ARGUMENT);
}

TEST_F(Functions, ManyPatternsInOneTask) {
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 200; ++i) EXPECT_TRUE(matches("x" + std::to_string(i), "x" + std::to_string(i)));
  }
}

TEST_F(Functions, SplittingKeepsAnEmptyPartInFrontOnly) {
  using Parts = std::vector<std::string>;
  EXPECT_EQ(split("To be, or not", R"(\W+)"), (Parts{"To", "be", "or", "not"}));
  EXPECT_EQ(split("\"To be\"", R"(\W+)"), (Parts{"", "To", "be"}));
  EXPECT_EQ(split("a,,b,,", ","), (Parts{"a", "", "b"}));
  EXPECT_EQ(split("", ","), (Parts{""}));
  EXPECT_EQ(split(",", ","), (Parts{}));
  EXPECT_EQ(split("abc", ","), (Parts{"abc"}));
  EXPECT_EQ(split("aé€", ""), (Parts{"a", "é", "€"}));
  EXPECT_EQ(split("straße", R"(\W+)"), (Parts{"stra", "e"}));
  EXPECT_EQ(split("straße weit", R"([^\pL\pN]+)"), (Parts{"straße", "weit"}));
  EXPECT_EQ(split("a", "("), (Parts{}));
  EXPECT_EQ(failure(), FLOW_FAIL_ARGUMENT);
}

TEST_F(Functions, OneSplitInsideAnother) {
  std::string outer = "a b;c d", result;
  FlowSplitter* first = flow_rt_split_begin(task, outer.data(), outer.size(), ";", 1);
  FlowView part, word;
  while (flow_rt_split_next(first, &part)) {
    // So many other patterns that the outer one is thrown out of the cache.
    for (int i = 0; i < 100; ++i) matches("x", "y" + std::to_string(i));
    FlowSplitter* second = flow_rt_split_begin(task, part.data, part.length, " ", 1);
    while (flow_rt_split_next(second, &word)) result += std::string(word.data, word.length) + "/";
  }
  EXPECT_EQ(result, "a/b/c/d/");
}

TEST_F(Functions, PartsOfTime) {
  int64_t t = time("2001-02-03T04:05:06.789Z");
  EXPECT_EQ(flow_fn_year_timestamp(task, t), 2001);
  EXPECT_EQ(flow_fn_month_timestamp(task, t), 2);
  EXPECT_EQ(flow_fn_day_timestamp(task, t), 3);
  EXPECT_EQ(flow_fn_hour(task, t), 4);
  EXPECT_EQ(flow_fn_minute(task, t), 5);
  EXPECT_EQ(flow_fn_second(task, t), 6);
  EXPECT_EQ(flow_fn_day_of_week_timestamp(task, t), 6); // a Saturday
  int32_t day = flow_fn_date(task, t);
  EXPECT_EQ(format_date(day), "2001-02-03");
  EXPECT_EQ(flow_fn_year_date(task, day), 2001);
  EXPECT_EQ(flow_fn_day_of_week_date(task, day), 6);
  EXPECT_EQ(format_timestamp(flow_fn_timestamp(task, day)), "2001-02-03T00:00:00Z");
  // Before 1970, and at the ends of the axis.
  int64_t before = time("1969-12-31T23:59:59.5Z");
  EXPECT_EQ(flow_fn_year_timestamp(task, before), 1969);
  EXPECT_EQ(flow_fn_hour(task, before), 23);
  EXPECT_EQ(flow_fn_second(task, before), 59);
  EXPECT_EQ(flow_fn_day_of_week_timestamp(task, before), 3);
  for (int64_t end : {INT64_MIN, INT64_MAX}) {
    EXPECT_GE(flow_fn_hour(task, end), 0);
    EXPECT_LT(flow_fn_month_timestamp(task, end), 13);
    EXPECT_GE(flow_fn_day_of_week_timestamp(task, end), 1);
    flow_fn_date(task, end);
  }
  EXPECT_EQ(failure(), 0u);
  flow_fn_timestamp(task, INT32_MAX);
  EXPECT_EQ(failure(), FLOW_FAIL_CAST);
}

TEST_F(Functions, TimeCutAndWritten) {
  int64_t t = time("2001-02-03T04:05:06.789Z"), hour = int64_t{3'600} * 1'000'000;
  EXPECT_EQ(format_timestamp(flow_fn_truncate(task, t, hour)), "2001-02-03T04:00:00Z");
  EXPECT_EQ(format_timestamp(flow_fn_truncate(task, time("1969-12-31T23:30:00Z"), hour)), "1969-12-31T23:00:00Z");
  flow_fn_truncate(task, t, 0);
  EXPECT_EQ(failure(), FLOW_FAIL_ARGUMENT);
  flow_fn_truncate(task, INT64_MIN, hour);
  EXPECT_EQ(failure(), FLOW_FAIL_OVERFLOW);
  EXPECT_EQ(format(t, "yyyy-MM-dd HH:mm"), "2001-02-03 04:05");
  EXPECT_EQ(format(t, "yy/M/d H:m:s.SSS"), "01/2/3 4:5:6.789");
  EXPECT_EQ(format(t, "'at' HH 'o''clock'"), "at 04 o'clock");
  EXPECT_EQ(format(t, ""), "");
  for (const char* wrong : {"yyyy-QQ", "'open", "h"}) {
    format(t, wrong);
    EXPECT_EQ(failure(), FLOW_FAIL_ARGUMENT) << wrong;
  }
  EXPECT_EQ(flow_fn_epoch_ms(task, -1), -1);
  EXPECT_EQ(flow_fn_from_epoch_ms(task, 5), 5000);
  flow_fn_from_epoch_ms(task, INT64_MAX);
  EXPECT_EQ(failure(), FLOW_FAIL_OVERFLOW);
}

TEST_F(Functions, Numbers) {
  EXPECT_EQ(flow_fn_abs_i64(task, -5), 5);
  flow_fn_abs_i64(task, INT64_MIN);
  EXPECT_EQ(failure(), FLOW_FAIL_OVERFLOW);
  EXPECT_EQ(flow_fn_abs_f64(task, -0.5), 0.5);
  EXPECT_EQ(flow_fn_min_i64_i64(task, 2, -3), -3);
  EXPECT_EQ(flow_fn_max_f64_f64(task, 2, -3), 2);
  EXPECT_TRUE(std::isnan(flow_fn_min_f64_f64(task, NAN, 1)));
  EXPECT_TRUE(std::isnan(flow_fn_min_f64_f64(task, 1, NAN)));
  EXPECT_TRUE(std::isnan(flow_fn_max_f64_f64(task, NAN, 1)));
  EXPECT_TRUE(std::isnan(flow_fn_max_f64_f64(task, 1, NAN)));
  EXPECT_EQ(flow_fn_sign_i64(task, INT64_MIN), -1);
  EXPECT_EQ(flow_fn_round(task, -2.5), -3.0);
  EXPECT_EQ(flow_fn_floor(task, -2.5), -3.0);
  EXPECT_EQ(flow_fn_ceil(task, -2.5), -2.0);
  EXPECT_TRUE(std::isnan(flow_fn_sqrt(task, -1)));
  EXPECT_EQ(flow_fn_pow(task, 2, 10), 1024.0);
  EXPECT_TRUE(flow_fn_is_nan(task, NAN));
  EXPECT_EQ(failure(), 0u);
}

TEST_F(Functions, Bits) {
  EXPECT_EQ(flow_fn_wrapping_add(task, INT64_MAX, 1), INT64_MIN);
  EXPECT_EQ(flow_fn_wrapping_sub(task, INT64_MIN, 1), INT64_MAX);
  EXPECT_EQ(flow_fn_wrapping_mul(task, INT64_MAX, 2), -2);
  EXPECT_EQ(flow_fn_shift_left(task, 1, 63), INT64_MIN);
  EXPECT_EQ(flow_fn_shift_left(task, 1, 64), 1);
  EXPECT_EQ(flow_fn_shift_right(task, -8, 1), -4);
  EXPECT_EQ(flow_fn_shift_right_logical(task, -1, 60), 15);
  EXPECT_EQ(flow_fn_bit_not(task, 0), -1);
  EXPECT_EQ(static_cast<uint64_t>(flow_fn_hash64_i64(task, 42)), flow_hash_i64(42));
}

TEST_F(Functions, ValuesToTextAndBack) {
  EXPECT_EQ(text(flow_fn_text_f64(task, 12)), "12");
  EXPECT_EQ(text(flow_fn_text_f32(task, 0.1f)), "0.1");
  EXPECT_EQ(text(flow_fn_text_u64(task, UINT64_MAX)), "18446744073709551615");
  EXPECT_EQ(text(flow_fn_text_i64(task, INT64_MIN)), "-9223372036854775808");
  EXPECT_EQ(text(flow_fn_text_bool(task, 1)), "true");
  EXPECT_EQ(text(flow_fn_text_date(task, 0)), "1970-01-01");
  EXPECT_EQ(text(flow_fn_text_timestamp(task, 0)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(text(flow_fn_text_duration(task, 5'400'000'000)), "1h30min");
  EXPECT_EQ(flow_fn_parse_i64(task, "-12", 3), -12);
  EXPECT_EQ(flow_fn_parse_u8(task, "255", 3), 255);
  EXPECT_EQ(flow_fn_parse_f64(task, "1e3", 3), 1000.0);
  EXPECT_EQ(flow_fn_parse_bool(task, "true", 4), 1);
  EXPECT_EQ(flow_fn_parse_date(task, "1970-01-02", 10), 1);
  EXPECT_EQ(failure(), 0u);
  flow_fn_parse_u8(task, "256", 3);
  EXPECT_EQ(failure(), FLOW_FAIL_CAST);
  flow_fn_parse_i8(task, "-129", 4);
  EXPECT_EQ(failure(), FLOW_FAIL_CAST);
  flow_fn_parse_i64(task, "12 ", 3);
  EXPECT_EQ(failure(), FLOW_FAIL_CAST);
  flow_fn_parse_f32(task, "1e99", 4);
  EXPECT_EQ(failure(), FLOW_FAIL_CAST);
  flow_fn_parse_string(task, "\xff", 1);
  EXPECT_EQ(failure(), FLOW_FAIL_CAST);
}

// ---- the prelude ----

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// The C type of a value of the language, as the header writes its parameters.
std::string c_parameters(const std::string& type, bool* is_known) {
  static const std::map<std::string, std::string> types = {
      {"string", "const char*,uint64_t"}, {"i64", "int64_t"},      {"f64", "double"},  {"bool", "uint8_t"},
      {"timestamp", "int64_t"},           {"duration", "int64_t"}, {"date", "int32_t"}};
  auto found = types.find(type);
  *is_known = found != types.end();
  return *is_known ? found->second : "";
}

std::string c_result(const std::string& type) {
  if (type == "string" || type == "string?") return "FlowView";
  if (type.ends_with("?")) return "FlowMaybe";
  bool is_known;
  return c_parameters(type, &is_known);
}

// name → "result(parameters)" of every declaration of the header, parameter names left out.
std::map<std::string, std::string> header_functions() {
  std::string text = text_of(FLOW_SOURCE_DIR "/runtime/vocabulary/functions.h");
  std::map<std::string, std::string> found;
  std::regex declaration("(\\w+) (flow_fn_\\w+)\\(FlowTask\\*((?:[^)]|\n)*)\\)");
  for (std::sregex_iterator at(text.begin(), text.end(), declaration), end; at != end; ++at) {
    std::string parameters = std::regex_replace(std::string((*at)[3]), std::regex("\\s+"), " ");
    parameters = std::regex_replace(parameters, std::regex(", (const char\\*|\\w+)( \\w+)?"), ",$1");
    found[(*at)[2]] = std::string((*at)[1]) + "(" + parameters + ")";
  }
  return found;
}

TEST(Prelude, DeclaresWhatTheHeaderHas) {
  std::string text = text_of(FLOW_SOURCE_DIR "/stdlib/prelude.flow");
  std::regex declaration("(///[^\n]*\n)?extern fn (\\w+)\\(([^)]*)\\) -> ([^\n]+)");
  struct Declared {
    std::string name, suffix, form;
  };
  std::vector<Declared> all;
  std::map<std::string, int> overloads;
  for (std::sregex_iterator at(text.begin(), text.end(), declaration), end; at != end; ++at) {
    EXPECT_TRUE((*at)[1].matched) << (*at)[2] << " has no doc comment";
    Declared declared{(*at)[2], "", ""};
    std::string parameters, list = (*at)[3];
    std::regex parameter("\\w+: (\\w+)");
    for (std::sregex_iterator p(list.begin(), list.end(), parameter); p != end; ++p) {
      bool is_known;
      parameters += "," + c_parameters((*p)[1], &is_known);
      EXPECT_TRUE(is_known) << (*p)[1];
      declared.suffix += "_" + std::string((*p)[1]);
    }
    if ((*at)[4] == "[string]") continue; // split: an iterator, not a value
    declared.form = c_result((*at)[4]) + "(" + parameters + ")";
    ++overloads[declared.name];
    all.push_back(declared);
  }
  EXPECT_GT(all.size(), 50u);
  std::map<std::string, std::string> header = header_functions();
  for (const Declared& declared : all) {
    std::string symbol = "flow_fn_" + declared.name + (overloads[declared.name] > 1 ? declared.suffix : "");
    ASSERT_TRUE(header.contains(symbol)) << symbol;
    EXPECT_EQ(header[symbol], declared.form) << symbol;
    header.erase(symbol);
  }
  // What is left is for casts and templates.
  for (const auto& [symbol, form] : header) {
    EXPECT_TRUE(symbol.starts_with("flow_fn_text_") || symbol.starts_with("flow_fn_parse_")) << symbol;
  }
}

} // namespace
} // namespace flow::runtime
