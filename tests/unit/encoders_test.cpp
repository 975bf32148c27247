// CSV and JSON as they are written, and that what is written reads back.
//   build/bin/tests/encoders_test
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <deque>
#include <limits>
#include <string>
#include <vector>

#include "runtime/base/random.h"
#include "runtime/formats/utf8.h"
#include "tests/unit/connector_fixture.h"

namespace flow::runtime {
namespace {

using testing::HasSubstr;

FlowCell text_cell(std::string_view text) {
  FlowCell cell;
  set_text(&cell, text);
  return cell;
}
FlowCell float_cell(double value) {
  FlowCell cell{};
  cell.value.f = value;
  return cell;
}
FlowCell int_cell(int64_t value) { return TestConnector::integer_cell(value); }

std::string encode(TestConnector& sink, const std::vector<FlowCell>& cells) {
  std::string out;
  sink.encoder()->append(cells.data(), out);
  return out;
}

TEST(CsvEncoder, writes_the_plainest_text) {
  auto sink = std::move(TestConnector("csv")
                            .field("s", FLOW_STRING)
                            .field("x", FLOW_F64)
                            .field("t", FLOW_TIMESTAMP)
                            .field("b", FLOW_BOOL)
                            .field("e", FLOW_ENUM)
                            .field("d", FLOW_DATE)
                            .field("u", FLOW_DURATION)
                            .field("y", FLOW_BYTES));
  EXPECT_EQ(encode(sink, {text_cell("a b"), float_cell(12), int_cell(978307200000000), int_cell(1), int_cell(1),
                          int_cell(0), int_cell(5'400'000'000), text_cell("A")}),
            "a b,12,2001-01-01T00:00:00Z,true,credit card,1970-01-01,1h30min,QQ==\n");
  EXPECT_EQ(sink.encoder()->header(), "s,x,t,b,e,d,u,y\n");
}

TEST(CsvEncoder, fractions_and_floats) {
  auto sink = std::move(TestConnector("csv").field("t", FLOW_TIMESTAMP).field("x", FLOW_F64).field("y", FLOW_F32));
  EXPECT_EQ(encode(sink, {int_cell(250'000), float_cell(0.1), float_cell(static_cast<double>(0.1f))}),
            "1970-01-01T00:00:00.250Z,0.1,0.1\n");
  EXPECT_EQ(encode(sink, {int_cell(-1), float_cell(1e30), float_cell(-0.0)}), "1969-12-31T23:59:59.999999Z,1e+30,-0\n");
}

TEST(CsvEncoder, quotes_only_where_needed) {
  auto sink = std::move(TestConnector("csv").field("a", FLOW_STRING).field("b", FLOW_STRING, true));
  EXPECT_EQ(encode(sink, {text_cell("a,b"), text_cell("say \"x\"")}), "\"a,b\",\"say \"\"x\"\"\"\n");
  EXPECT_EQ(encode(sink, {text_cell("a\nb"), text_cell("\r")}), "\"a\nb\",\"\r\"\n");
  EXPECT_EQ(encode(sink, {text_cell(""), text_cell("")}), ",\"\"\n");
  EXPECT_EQ(encode(sink, {text_cell("\""), null_cell()}), "\"\"\"\",\n");
  auto named = std::move(TestConnector("csv")
                             .option("null", "NA")
                             .flag("header", false)
                             .field("a", FLOW_STRING, true)
                             .field("b", FLOW_STRING));
  EXPECT_EQ(encode(named, {null_cell(), text_cell("NA")}), "NA,NA\n");
  EXPECT_EQ(encode(named, {text_cell("NA"), text_cell("")}), "\"NA\",\n");
  EXPECT_EQ(named.encoder()->header(), "");
  auto odd = std::move(TestConnector("csv").field("a,b", FLOW_STRING));
  EXPECT_EQ(odd.encoder()->header(), "\"a,b\"\n");
}

TEST(JsonEncoder, writes_fields_in_their_order) {
  auto sink = std::move(TestConnector("json")
                            .field("s", FLOW_STRING, true)
                            .field("n", FLOW_U64)
                            .field("x", FLOW_F64)
                            .field("t", FLOW_TIMESTAMP)
                            .field("e", FLOW_ENUM));
  EXPECT_EQ(encode(sink, {text_cell("a\"\\\n\x01ä"), int_cell(-1), float_cell(12), int_cell(0), int_cell(0)}),
            "{\"s\":\"a\\\"\\\\\\n\\u0001ä\",\"n\":18446744073709551615,\"x\":12,\"t\":\"1970-01-01T00:00:00Z\",\"e\":"
            "\"CASH\"}\n");
  EXPECT_EQ(encode(sink, {null_cell(), int_cell(0), float_cell(std::numeric_limits<double>::infinity()), int_cell(0),
                          int_cell(0)}),
            "{\"s\":null,\"n\":0,\"x\":\"inf\",\"t\":\"1970-01-01T00:00:00Z\",\"e\":\"CASH\"}\n");
}

/// Names with dots are records in the record; one that stands before its fields says whether there is one.
TEST(JsonEncoder, nests_records) {
  auto sink = std::move(TestConnector("json")
                            .field("o.id", FLOW_I64)
                            .field("o.at.x", FLOW_I64)
                            .field("p", FLOW_BOOL)
                            .field("p.q", FLOW_BOOL)
                            .field("p.q.r", FLOW_STRING)
                            .field("p.s", FLOW_I64, true)
                            .field("t.u", FLOW_BOOL)
                            .field("t.u.v", FLOW_I64));
  auto cells = [&](bool p, bool q, bool u) {
    return std::vector<FlowCell>{int_cell(1),    int_cell(2), int_cell(p), int_cell(q),
                                 text_cell("r"), null_cell(), int_cell(u), int_cell(4)};
  };
  EXPECT_EQ(encode(sink, cells(true, true, true)),
            "{\"o\":{\"id\":1,\"at\":{\"x\":2}},\"p\":{\"q\":{\"r\":\"r\"},\"s\":null},\"t\":{\"u\":{\"v\":4}}}\n");
  EXPECT_EQ(encode(sink, cells(true, false, false)),
            "{\"o\":{\"id\":1,\"at\":{\"x\":2}},\"p\":{\"q\":null,\"s\":null},\"t\":{\"u\":null}}\n");
  EXPECT_EQ(encode(sink, cells(false, true, true)),
            "{\"o\":{\"id\":1,\"at\":{\"x\":2}},\"p\":null,\"t\":{\"u\":{\"v\":4}}}\n");
}

TEST(Encoder, an_unknown_format_is_refused) {
  auto sink = std::move(TestConnector("text").field("a", FLOW_STRING));
  auto made = make_encoder(sink.program(), sink.connector(), sink.cells());
  EXPECT_THAT(made.status().message(), HasSubstr("there is no format 'text' to write"));
}

// ---- round trip ----

std::string random_string(Random& random) {
  std::string text;
  for (uint64_t n = random.below(12); n > 0; --n) {
    char character[4];
    uint32_t code = static_cast<uint32_t>(random.below(random.one_in(3) ? 0x110000 : 0x80));
    if (code >= 0xd800 && code < 0xe000) code = 0xfeff;
    if (random.one_in(3)) code = static_cast<uint8_t>("\",\n\r;\\ '"[random.below(8)]);
    text.append(character, utf8_write(character, code));
  }
  return text;
}

FlowCell random_cell(const Field& field, Random& random, std::deque<std::string>& texts) {
  if (field.is_nullable && random.one_in(3)) return null_cell();
  int64_t bits = static_cast<int64_t>(random.next() >> random.below(64));
  if (random.one_in(2)) bits = -bits;
  switch (field.kind) {
  case FLOW_BOOL: return int_cell(bits & 1);
  case FLOW_I8: return int_cell(static_cast<int8_t>(bits));
  case FLOW_I16: return int_cell(static_cast<int16_t>(bits));
  case FLOW_I32: return int_cell(static_cast<int32_t>(bits));
  case FLOW_U8: return int_cell(static_cast<uint8_t>(bits));
  case FLOW_U16: return int_cell(static_cast<uint16_t>(bits));
  case FLOW_U32: return int_cell(static_cast<uint32_t>(bits));
  case FLOW_F32: {
    float value;
    auto narrow = static_cast<uint32_t>(bits);
    std::memcpy(&value, &narrow, 4);
    return float_cell(static_cast<double>(value));
  }
  case FLOW_F64: {
    double value;
    std::memcpy(&value, &bits, 8);
    return float_cell(value);
  }
  case FLOW_STRING: return text_cell(texts.emplace_back(random_string(random)));
  case FLOW_BYTES: {
    std::string& text = texts.emplace_back();
    for (uint64_t n = random.below(9); n > 0; --n) text.push_back(static_cast<char>(random.below(256)));
    return text_cell(text);
  }
  case FLOW_DATE: return int_cell(static_cast<int32_t>(bits));
  case FLOW_ENUM: return int_cell(bits & 1);
  default: return int_cell(bits);
  }
}

bool same_cell(FlowKind kind, const FlowCell& a, const FlowCell& b) {
  if (a.is_null != b.is_null) return false;
  if (a.is_null != 0) return true;
  bool is_float = kind == FLOW_F32 || kind == FLOW_F64;
  if (kind == FLOW_STRING || kind == FLOW_BYTES) {
    return std::string_view(a.value.s, a.length) == std::string_view(b.value.s, b.length);
  }
  return is_float && a.value.f != a.value.f ? b.value.f != b.value.f : a.value.i == b.value.i;
}

TEST(Encoder, what_is_encoded_is_decoded_to_the_same_cells) {
  for (uint64_t seed = 1; seed <= 4000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    bool is_csv = random.one_in(2);
    TestConnector connector(is_csv ? "csv" : "json");
    if (is_csv) {
      connector.flag("header", random.one_in(2));
      const std::string delimiters[] = {",", ";", "\t", ":", "|"};
      connector.option("delimiter", delimiters[random.below(5)]);
      const std::string nulls[] = {"", "", "NA", "0", "null"};
      connector.option("null", nulls[random.below(5)]);
    }
    for (uint64_t n = 1 + random.below(6); n > 0; --n) {
      connector.field("f" + std::to_string(n), static_cast<FlowKind>(random.below(FLOW_KIND_COUNT)), random.one_in(2));
    }
    auto fields = connector.fields();
    std::deque<std::string> texts;
    auto encoder = connector.encoder();
    std::string bytes = encoder->header();
    std::vector<std::vector<FlowCell>> rows;
    for (int row = 0; row < 5; ++row) {
      std::vector<FlowCell> cells;
      for (const Field& field : fields) cells.push_back(random_cell(field, random, texts));
      size_t before = bytes.size();
      encoder->append(cells.data(), bytes);
      ASSERT_LE(bytes.size() - before, encoder->bytes_max(cells.data()));
      rows.push_back(std::move(cells));
    }
    auto decoder = connector.decoder();
    FlowInput in{};
    in.data = bytes.data();
    in.end = static_cast<int64_t>(bytes.size());
    in.is_last = 1;
    int64_t position = 0;
    std::vector<FlowCell> cells(fields.size());
    for (const auto& row : rows) {
      Decoded decoded = decoder->next(in, &position, cells.data());
      ASSERT_EQ(decoded, Decoded::row) << bytes << (decoded == Decoded::bad ? show_bad(decoder->bad()) : "");
      for (size_t i = 0; i < fields.size(); ++i) {
        ASSERT_TRUE(same_cell(fields[i].kind, row[i], cells[i]))
            << bytes << " field " << i << ": " << show_row(fields, row);
      }
    }
    ASSERT_EQ(decoder->next(in, &position, cells.data()), Decoded::end);
  }
}

} // namespace
} // namespace flow::runtime
