// The vocabulary: hashes that stored formats depend on, exact sums, strings, scratch memory, and that the bitcode has
// every function that the headers declare. Run alone: bin/tests/vocabulary_test
#include "runtime/vocabulary/vocabulary.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <random>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "runtime/task/task.h"

namespace flow::runtime {
namespace {

// ---- hashes: golden, they are in checkpoints and decide which task owns a key ----

TEST(Hash, OfIntegersNeverChanges) {
  EXPECT_EQ(flow_hash_i64(0), 0xe220a8397b1dcdafu);
  EXPECT_EQ(flow_hash_i64(1), 0x910a2dec89025cc1u);
  EXPECT_EQ(flow_hash_i64(2), 0x975835de1c9756ceu);
  EXPECT_EQ(flow_hash_i64(42), 0xbdd732262feb6e95u);
  EXPECT_EQ(flow_hash_i64(~uint64_t{0}), 0xe4d971771b652c20u);
}

TEST(Hash, OfTextsNeverChanges) {
  auto hash = [](const std::string& text) { return flow_hash_bytes(text.data(), text.size()); };
  EXPECT_EQ(hash(""), 0x2d06800538d394c2u);
  EXPECT_EQ(hash("a"), 0xe6c632b61e964e1fu);
  EXPECT_EQ(hash("abc"), 0x78af5f94892f3950u);
  EXPECT_EQ(hash("Hello, World!"), XXH3_64bits("Hello, World!", 13));
}

TEST(Hash, IsXxh3AtEveryLength) {
  std::mt19937 random(1);
  std::string text(2000, ' ');
  for (char& c : text) c = static_cast<char>(random());
  for (size_t length = 0; length <= text.size(); ++length) {
    ASSERT_EQ(flow_hash_bytes(text.data(), length), XXH3_64bits(text.data(), length)) << length;
  }
}

TEST(Hash, FloatsThatAreEqualAreOneKey) {
  auto bits = [](double value) {
    double canonical = flow_canonical_f64(value);
    uint64_t made;
    memcpy(&made, &canonical, 8);
    return made;
  };
  EXPECT_EQ(bits(-0.0), bits(0.0));
  EXPECT_EQ(bits(std::nan("1")), bits(-std::nan("2")));
  EXPECT_NE(bits(1.0), bits(-1.0));
  EXPECT_EQ(bits(INFINITY), bits(INFINITY));
}

// ---- sums ----

TEST(Sum, DoesNotShowTheOrder) {
  for (uint32_t seed = 0; seed < 50; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<double> values;
    for (int i = 0; i < 1000; ++i) {
      double magnitude = std::ldexp(1.0, static_cast<int>(random() % 40));
      values.push_back((static_cast<double>(random() % 2'000'001) - 1'000'000) / 1'000'000 * magnitude);
    }
    auto sum_of = [&] {
      double pair[2] = {};
      for (double value : values) flow_sum_add(pair, value);
      return flow_sum_value(pair);
    };
    double first = sum_of();
    for (int round = 0; round < 10; ++round) {
      std::shuffle(values.begin(), values.end(), random);
      ASSERT_EQ(sum_of(), first) << "seed " << seed;
      // In parts, as tasks and panes do it.
      double parts[7][2] = {};
      for (size_t i = 0; i < values.size(); ++i) flow_sum_add(parts[random() % 7], values[i]);
      double all[2] = {};
      for (double(&part)[2] : parts) flow_sum_merge(all, part);
      ASSERT_EQ(flow_sum_value(all), first) << "seed " << seed;
    }
  }
}

TEST(Sum, IsExactWhereAPlainSumIsNot) {
  double pair[2] = {};
  for (int i = 0; i < 10; ++i) flow_sum_add(pair, 0.1);
  EXPECT_EQ(flow_sum_value(pair), 1.0);
  double large[2] = {};
  for (double value : {1e16, 1.0, -1e16}) flow_sum_add(large, value);
  EXPECT_EQ(flow_sum_value(large), 1.0);
}

TEST(Sum, OfWhatIsNotFinite) {
  double pair[2] = {};
  flow_sum_add(pair, INFINITY);
  flow_sum_add(pair, 1.0);
  EXPECT_EQ(flow_sum_value(pair), INFINITY);
  flow_sum_add(pair, -INFINITY);
  EXPECT_TRUE(std::isnan(flow_sum_value(pair)));
}

// ---- strings and scratch ----

TEST(Strings, AreComparedByBytes) {
  auto compare = [](std::string a, std::string b) { return flow_compare(a.data(), a.size(), b.data(), b.size()); };
  EXPECT_EQ(compare("", ""), 0);
  EXPECT_LT(compare("", "a"), 0);
  EXPECT_LT(compare("a", "ab"), 0);
  EXPECT_GT(compare("\xff", "a"), 0);
  EXPECT_TRUE(flow_equal("abc", 3, "abcd", 3));
  EXPECT_FALSE(flow_equal("abc", 3, "abcd", 4));
}

TEST(Strings, OfEveryLengthDifferInEveryByte) {
  std::string text(40, 'x');
  for (size_t length = 0; length <= text.size(); ++length) {
    std::string other = text;
    EXPECT_TRUE(flow_equal(text.data(), length, other.data(), length)) << length;
    for (size_t at = 0; at < text.size(); ++at) {
      other[at] = 'y';
      EXPECT_EQ(flow_equal(text.data(), length, other.data(), length) != 0, at >= length) << length << " at " << at;
      other[at] = 'x';
    }
  }
}

// ---- times of a split's rows ----

// A row waits exactly if a watermark that its rows allow has not been told and makes it late, worked out in wide
// numbers.
TEST(Times, ARowWaitsForTheWatermarkBeforeIt) {
  constexpr int64_t ends[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX - 1, INT64_MAX};
  std::mt19937_64 random(7);
  for (int round = 0; round < 2000; ++round) {
    FlowSplit split{};
    split.newest = split.pending = split.told = INT64_MIN;
    split.has_watermark = round % 5 != 0;
    int64_t lags[] = {0, 3, INT64_MAX};
    split.lag = lags[random() % 3];
    __int128 newest = INT64_MIN;
    for (int row = 0; row < 50; ++row) {
      bool is_end = random() % 8 == 0;
      int64_t time = is_end ? ends[random() % std::size(ends)] : static_cast<int64_t>(random() % 20);
      __int128 allowed = split.has_watermark ? std::max<__int128>(newest - split.lag - 1, INT64_MIN) : INT64_MIN;
      bool waits = allowed > split.told && time <= allowed;
      ASSERT_EQ(flow_observe_time(&split, time) != 0, waits)
          << "round " << round << ", row " << row << ", time " << time;
      ASSERT_EQ(split.is_waiting != 0, waits);
      if (!waits) newest = std::max<__int128>(newest, time);
      ASSERT_EQ(split.newest, static_cast<int64_t>(newest));
      if (waits || random() % 10 == 0) { // as the core does after a call
        split.told = split.pending = watermark_of(&split);
        split.is_waiting = 0;
      }
    }
  }
}

TEST(Scratch, PiecesStayUntilTheReset) {
  FlowProgram program{};
  Task task(program, nullptr);
  std::mt19937 random(2);
  for (int row = 0; row < 50; ++row) {
    flow_scratch_reset(&task);
    std::vector<std::pair<char*, uint64_t>> pieces;
    for (int i = 0; i < 40; ++i) {
      uint64_t bytes = random() % 10 == 0 ? random() % 100'000 : random() % 100;
      char* piece = flow_scratch(&task, bytes);
      ASSERT_NE(piece, nullptr);
      memset(piece, i, bytes);
      pieces.emplace_back(piece, bytes);
    }
    for (int i = 0; i < 40; ++i) {
      for (uint64_t at = 0; at < pieces[i].second; ++at) ASSERT_EQ(pieces[i].first[at], i);
    }
  }
}

// ---- what the headers declare ----

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string without_comments(const std::string& text) {
  std::string plain = std::regex_replace(text, std::regex("//[^\n]*"), "");
  std::string made;
  for (size_t at = 0; at < plain.size();) {
    size_t begin = plain.find("/*", at);
    made += plain.substr(at, begin == std::string::npos ? std::string::npos : begin - at);
    if (begin == std::string::npos) break;
    at = plain.find("*/", begin) + 2;
  }
  return made;
}

std::set<std::string> functions_in(const std::string& path) {
  std::string text = without_comments(text_of(path));
  std::set<std::string> names;
  std::regex call("\\b(flow_[a-z0-9_]+)\\(");
  for (std::sregex_iterator at(text.begin(), text.end(), call), end; at != end; ++at) names.insert((*at)[1]);
  return names;
}

// Every function that generated code may call has a body or a declaration in the bitcode module, else flowc does not
// know its type. bitcode.cpp lists those without a body.
TEST(Bitcode, KnowsEveryFunctionOfTheHeaders) {
  std::string folder = FLOW_SOURCE_DIR "/runtime/vocabulary/";
  std::set<std::string> there = functions_in(folder + "rows.cpp");
  for (const char* file : {"tables.cpp", "functions_hot.cpp"}) there.merge(functions_in(folder + file));
  std::string bitcode = text_of(folder + "bitcode.cpp");
  std::regex listed("&(flow_[a-z0-9_]+)\\)");
  for (std::sregex_iterator at(bitcode.begin(), bitcode.end(), listed), end; at != end; ++at) there.insert((*at)[1]);
  for (const char* header : {"vocabulary.h", "functions.h"}) {
    for (const std::string& name : functions_in(folder + header)) EXPECT_TRUE(there.contains(name)) << name;
  }
}

} // namespace
} // namespace flow::runtime
