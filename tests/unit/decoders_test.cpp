// What all decoders have in common: records put back, records that are too long, windows cut anywhere, any bytes. And
// text.
//   build/bin/tests/decoders_test
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "runtime/base/random.h"
#include "tests/unit/connector_fixture.h"

namespace flow::runtime {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

TEST(Decoder, a_row_can_be_given_back) {
  auto source = csv(true).field("id", FLOW_I64);
  std::string_view text = "\xef\xbb\xbf\n\nid,n\n\n1,\n\n\n2,\n3,\nx,\n";
  for (uint32_t mask = 0; mask < 8; ++mask) {
    auto decoder = source.decoder();
    std::vector<std::string> rows;
    FlowCell cell{};
    size_t begin = 0;
    uint32_t waiting = mask; // a bit for each row that is put back once
    for (Decoded decoded = Decoded::row; decoded == Decoded::row;) {
      FlowInput in{};
      in.data = text.data() + begin;
      in.end = static_cast<int64_t>(text.size() - begin);
      in.is_last = 1;
      int64_t position = 0;
      decoded = decoder->next(in, &position, &cell);
      uint32_t bit = 1u << rows.size();
      if (decoded == Decoded::row && (waiting & bit) != 0) {
        waiting &= ~bit;
        decoder->give_back();
        ByteWriter saved;
        decoder->save(saved);
        decoder = source.decoder();
        ByteReader reader(saved.view());
        ASSERT_TRUE(decoder->restore(reader).is_ok());
        continue;
      }
      if (decoded == Decoded::row) rows.push_back(std::to_string(cell.value.i));
      begin += static_cast<size_t>(position);
    }
    EXPECT_THAT(rows, ElementsAre("1", "2", "3"));
    EXPECT_EQ(decoder->bad().line, 10) << "rows put back: " << mask;
  }
}

// ---- text ----

TEST(Text, a_record_is_a_line) {
  auto source = std::move(TestConnector("text").field("line", FLOW_STRING));
  EXPECT_THAT(decode(source, "a,\"b\r\n\n c\xff\nd"),
              ElementsAre("'a,\"b'", "''", "bad 3:3 line: the line is not valid UTF-8 [ c\xef\xbf\xbd]", "'d'"));
}

TEST(Text, wants_one_field_of_text) {
  auto source = std::move(TestConnector("text").field("line", FLOW_I64));
  EXPECT_EQ(source.try_decoder().status().code(), ExitCode::usage);
}

// ---- records that are too long ----

TEST(Decoder, a_record_above_the_limit_is_bad_and_passed_over) {
  auto source = csv().field("id", FLOW_I64).field("s", FLOW_STRING);
  std::string huge(static_cast<size_t>(record_bytes_max) + 10, 'x');
  std::string input = "1,a\n2," + huge + "\n3,c\n";
  auto expected =
      ElementsAre("1 'a'", StartsWith("bad 2:1 : the record is longer than 16 MiB (perhaps a quote"), "3 'c'");
  EXPECT_THAT(decode(source, input), expected);
  // In two windows, where the second begins inside the record.
  EXPECT_THAT(decode(source, input, {static_cast<size_t>(record_bytes_max) + 5}), expected);
  // Up to the limit it is fine.
  std::string long_text = "2," + huge.substr(0, static_cast<size_t>(record_bytes_max) - 10);
  EXPECT_THAT(decode(source, long_text + "\n3,c\n").size(), 2u);
}

TEST(Decoder, a_quote_never_closed_in_a_large_file_costs_one_line) {
  auto source = csv().field("id", FLOW_I64).field("s", FLOW_STRING);
  std::string input = "1,\"a\n";
  while (input.size() < static_cast<size_t>(record_bytes_max) + 100) input += "2,b\n";
  auto records = decode(source, input);
  ASSERT_GT(records.size(), 2u);
  EXPECT_THAT(records[0], StartsWith("bad 1:1 : the record is longer than 16 MiB"));
  EXPECT_EQ(records[1], "2 'b'");
  EXPECT_EQ(records.size(), (input.size() - 5) / 4 + 1);
}

TEST(Decoder, the_inside_of_a_too_long_record_survives_a_checkpoint) {
  auto source = std::move(TestConnector("json").field("id", FLOW_I64));
  auto before = source.decoder();
  std::string huge(static_cast<size_t>(record_bytes_max) + 10, ' ');
  std::vector<FlowCell> cells(1);
  FlowInput in{};
  in.data = huge.data();
  in.end = static_cast<int64_t>(huge.size());
  int64_t position = 0;
  ASSERT_EQ(before->next(in, &position, cells.data()), Decoded::bad);
  ASSERT_EQ(before->next(in, &position, cells.data()), Decoded::end);
  ASSERT_EQ(position, in.end);
  ByteWriter saved;
  before->save(saved);
  auto after = source.decoder();
  ByteReader reader(saved.view());
  ASSERT_TRUE(after->restore(reader).is_ok());
  EXPECT_THAT(decode(*after, source.fields(), "xx\n{\"id\":1}\n{}\n"), ElementsAre("1", StartsWith("bad 3:1 id")));
}

// ---- every cut, any bytes ----

TEST(Decoder, what_is_decoded_does_not_depend_on_where_windows_are_cut) {
  struct Case {
    TestConnector source;
    std::string input;
  };
  std::string csv_text =
      "\xef\xbb\xbfname,id\r\n\"a\r\n\"\"b\"\"\",1\r\n\r\nx,\"2\"\n\"q\"z,3\n\xc3\xa4,y\n,\"4\n5,6\n\"";
  std::string json_text =
      "\xef\xbb\xbf{\"id\":1,\"name\":\"\\u00e4\\ud83d\\ude00\"}\r\n\n{\"id\":x}\n{\"name\":\"b\",\"id\":2}";
  std::vector<Case> cases;
  cases.push_back({csv(true).field("id", FLOW_I64).field("name", FLOW_STRING), csv_text});
  cases.push_back({csv(false).field("name", FLOW_STRING).field("id", FLOW_I64), csv_text});
  cases.push_back({std::move(TestConnector("json").field("id", FLOW_I64).field("name", FLOW_STRING)), json_text});
  cases.push_back({std::move(TestConnector("text").field("line", FLOW_STRING)), csv_text});
  for (Case& c : cases) {
    auto whole = decode(c.source, c.input);
    for (size_t first = 0; first <= c.input.size(); ++first) {
      EXPECT_EQ(decode(c.source, c.input, {first}), whole) << "cut at " << first;
      for (size_t second = first; second <= c.input.size(); ++second) {
        ASSERT_EQ(decode(c.source, c.input, {first, second}), whole) << "cut at " << first << " and " << second;
      }
    }
  }
}

// Pieces that matter to the formats, in random order: more telling than random bytes, which are in it too.
std::string random_text(Random& random) {
  const std::string_view pieces[] = {"\"",
                                     "\"\"",
                                     ",",
                                     "\n",
                                     "\r\n",
                                     "\r",
                                     "{",
                                     "}",
                                     "[",
                                     "]",
                                     ":",
                                     "\"id\":",
                                     "\"name\":\"",
                                     "id,name\n",
                                     "name,id\n",
                                     "1",
                                     "-",
                                     "2.5e3",
                                     "true",
                                     "null",
                                     "\\u00e4",
                                     "\\ud83d",
                                     "\\",
                                     "\xef\xbb\xbf",
                                     "ä",
                                     "\xff",
                                     " ",
                                     "abc",
                                     "{\"id\":1,\"name\":\"x\"}\n",
                                     "1,\"x\"\n",
                                     "\t"};
  std::string text;
  for (uint64_t n = random.below(40); n > 0; --n) {
    if (random.one_in(6))
      text.push_back(static_cast<char>(random.below(256)));
    else
      text += pieces[random.below(std::size(pieces))];
  }
  return text;
}

TEST(Decoder, any_bytes_are_read_without_harm_and_the_same_whatever_the_cuts) {
  for (uint64_t seed = 1; seed <= 20'000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const std::string formats[] = {"csv", "json", "text"};
    TestConnector source(formats[random.below(3)]);
    source.flag("header", random.one_in(2));
    if (source.connector().format != std::string("text")) source.field("id", FLOW_I64, random.one_in(2));
    source.field("name", FLOW_STRING, random.one_in(2));
    std::string text = random_text(random);
    size_t first = random.below(text.size() + 1);
    size_t second = first + random.below(text.size() - first + 1);
    auto whole = decode(source, text);
    ASSERT_EQ(decode(source, text, {first, second}), whole) << text;
    for (const std::string& record : whole) ASSERT_FALSE(record.starts_with("left over")) << text;
  }
}

} // namespace
} // namespace flow::runtime
