// Formats: what CSV, JSON lines and text decode to, what is bad and where, and that encoding reads back.
//   build/bin/tests/formats_test --gtest_filter='Csv.*'
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <deque>
#include <limits>

#include "runtime/base/random.h"
#include "runtime/formats/base64.h"
#include "runtime/formats/nearest.h"
#include "runtime/formats/utf8.h"
#include "tests/unit/connector_fixture.h"

namespace flow::runtime {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

TestConnector csv(bool has_header = false) { return std::move(TestConnector("csv").flag("header", has_header)); }

// ---- CSV: shape ----

TEST(Csv, reads_records_by_position) {
  auto source = csv().field("id", FLOW_I64).field("name", FLOW_STRING);
  EXPECT_THAT(decode(source, "1,Ann\n2,Bob\n"), ElementsAre("1 'Ann'", "2 'Bob'"));
}

TEST(Csv, last_record_needs_no_line_end) {
  auto source = csv().field("id", FLOW_I64).field("name", FLOW_STRING);
  EXPECT_THAT(decode(source, "1,Ann\n2,Bob"), ElementsAre("1 'Ann'", "2 'Bob'"));
  EXPECT_THAT(decode(source, "1,Ann\r\n2,Bob\r"), ElementsAre("1 'Ann'", "2 'Bob'"));
  EXPECT_THAT(decode(source, "1,\"Ann\""), ElementsAre("1 'Ann'"));
  EXPECT_THAT(decode(source, "1,"), ElementsAre("1 ''"));
}

TEST(Csv, quotes_hold_delimiters_line_ends_and_quotes) {
  auto source = csv().field("id", FLOW_I64).field("name", FLOW_STRING);
  EXPECT_THAT(decode(source, "1,\"a,b\"\r\n2,\"a \"\"b\"\"\"\n3,\"x\ny\r\nz\"\n\"4\",\"\"\n"),
              ElementsAre("1 'a,b'", "2 'a \"b\"'", "3 'x\ny\r\nz'", "4 ''"));
}

TEST(Csv, a_quote_inside_a_plain_field_is_a_byte) {
  auto source = csv().field("id", FLOW_I64).field("name", FLOW_STRING);
  EXPECT_THAT(decode(source, "1,5\" pipe\n2,a\"\"b\n"), ElementsAre("1 '5\" pipe'", "2 'a\"\"b'"));
}

TEST(Csv, blank_lines_are_passed_over_and_counted) {
  auto source = csv().field("id", FLOW_I64).field("name", FLOW_STRING);
  EXPECT_THAT(decode(source, "\n1,Ann\n\r\n\nx,Bob\n"),
              ElementsAre("1 'Ann'", StartsWith("bad 5:1 id: 'x' is not a value of type i64")));
}

TEST(Csv, a_blank_line_is_a_record_of_one_column) {
  auto source = csv().field("name", FLOW_STRING);
  EXPECT_THAT(decode(source, "a\n\nb\n"), ElementsAre("'a'", "''", "'b'"));
  auto nullable = csv().field("name", FLOW_STRING, true);
  EXPECT_THAT(decode(nullable, "a\n\n\"\"\n"), ElementsAre("'a'", "null", "''"));
}

TEST(Csv, no_bytes_at_all_are_bytes) {
  auto source = csv().field("data", FLOW_BYTES);
  EXPECT_THAT(decode(source, "\nYWJj\n\n"), ElementsAre("", "YWJj", ""));
}

TEST(Csv, wrong_number_of_columns_is_bad) {
  auto source = csv().field("id", FLOW_I64).field("name", FLOW_STRING);
  EXPECT_THAT(decode(source, "1\n1,2,3\n1,2\n"),
              ElementsAre("bad 1:1 : 1 column where 2 are expected [1]",
                          "bad 2:1 : 3 columns where 2 are expected [1,2,3]", "1 '2'"));
}

TEST(Csv, text_behind_a_closing_quote_is_bad_and_only_that_record) {
  auto source = csv().field("id", FLOW_I64).field("name", FLOW_STRING);
  EXPECT_THAT(decode(source, "1,\"a\"b\n2,\"x\"\n"),
              ElementsAre("bad 1:6 : text after the closing quote [1,\"a\"b]", "2 'x'"));
}

TEST(Csv, an_unclosed_quote_costs_its_line_and_not_the_rest) {
  auto source = csv().field("id", FLOW_I64).field("name", FLOW_STRING);
  EXPECT_THAT(decode(source, "1,a\n2,\"b\n3,c\n4,d\n"),
              ElementsAre("1 'a'", "bad 2:3 : the quote is not closed [2,\"b]", "3 'c'", "4 'd'"));
}

TEST(Csv, place_of_a_fault_counts_lines_and_characters) {
  auto source = csv().field("name", FLOW_STRING).field("id", FLOW_I64);
  EXPECT_THAT(decode(source, "äöü,1\näöü,x\n\"a\nb\",y\n"),
              ElementsAre("'äöü' 1", StartsWith("bad 2:5 id: 'x'"), StartsWith("bad 4:4 id: 'y'")));
}

TEST(Csv, delimiter_option) {
  auto source = csv().option("delimiter", ";").field("id", FLOW_I64).field("name", FLOW_STRING);
  EXPECT_THAT(decode(source, "1;a,b\n2;\"x;y\"\n"), ElementsAre("1 'a,b'", "2 'x;y'"));
  auto tab = csv().option("delimiter", "\t").field("id", FLOW_I64).field("name", FLOW_STRING);
  EXPECT_THAT(decode(tab, "1\ta b\n"), ElementsAre("1 'a b'"));
}

TEST(Csv, wrong_options_are_usage_errors_that_name_the_source) {
  for (std::string delimiter : {"", ",,", "\"", "\n", "a", "1", "-"}) {
    auto source = csv().option("delimiter", delimiter).field("id", FLOW_I64);
    auto decoder = source.try_decoder();
    ASSERT_FALSE(decoder.is_ok()) << delimiter;
    EXPECT_EQ(decoder.status().code(), ExitCode::usage);
    EXPECT_THAT(decoder.status().message(),
                AllOf(HasSubstr("the option delimiter is"), HasSubstr("in source 'fares'")));
  }
  auto unit = csv().option("timestamps", "minutes").field("id", FLOW_I64);
  EXPECT_THAT(unit.try_decoder().status().message(), HasSubstr("give \"iso\", \"s\", \"ms\" or \"us\""));
  EXPECT_THAT(TestConnector("xml").try_decoder().status().message(), HasSubstr("there is no format 'xml'"));
}

TEST(Csv, byte_order_mark_is_passed_over) {
  auto source = csv().field("id", FLOW_I64).field("name", FLOW_STRING);
  EXPECT_THAT(decode(source, "\xef\xbb\xbf"
                             "1,a\n"),
              ElementsAre("1 'a'"));
  EXPECT_THAT(decode(source,
                     "\xef\xbb\xbf"
                     "1,a\n",
                     {1, 2, 3}),
              ElementsAre("1 'a'"));
  auto named = csv(true).field("id", FLOW_I64);
  EXPECT_THAT(decode(named, "\xef\xbb\xbfid\n1\n"), ElementsAre("1"));
}

// ---- CSV: header ----

TEST(CsvHeader, columns_come_in_any_order_and_others_are_ignored) {
  auto source = csv(true).field("id", FLOW_I64).field("name", FLOW_STRING);
  EXPECT_THAT(decode(source, "x,name,y,id\r\n,Ann,,1\r\n"), ElementsAre("1 'Ann'"));
  EXPECT_THAT(decode(source, "\"name\",\"id\"\nAnn,1\n"), ElementsAre("1 'Ann'"));
}

TEST(CsvHeader, records_must_have_as_many_columns_as_the_header) {
  auto source = csv(true).field("id", FLOW_I64);
  EXPECT_THAT(decode(source, "id,x\n1\n1,2\n"), ElementsAre(HasSubstr("1 column where 2 are expected"), "1"));
}

TEST(CsvHeader, a_missing_column_names_what_is_there_and_the_nearest) {
  auto source = csv(true).field("driver_id", FLOW_I64);
  EXPECT_THAT(decode(source, "driverid,tip\n1,2\n"),
              ElementsAre("failed: fares.csv: the first line is read as the header, and it has no column 'driver_id'; "
                          "it names 'driverid, tip'; did you mean 'driverid'?"));
  EXPECT_THAT(decode(source, "1,2\n"), ElementsAre(HasSubstr("(header: false, if the first line is a record)")));
  EXPECT_EQ(source.decoder()->error().code(), ExitCode::finished);
}

TEST(CsvHeader, a_column_named_twice_is_refused_if_it_is_wanted) {
  auto source = csv(true).field("id", FLOW_I64);
  EXPECT_THAT(decode(source, "id,x,id\n"), ElementsAre(HasSubstr("it names the column 'id' twice")));
  EXPECT_THAT(decode(source, "id,x,x\n1,2,3\n"), ElementsAre("1"));
}

TEST(CsvHeader, an_empty_file_is_refused_but_not_without_header) {
  auto source = csv(true).field("id", FLOW_I64);
  EXPECT_THAT(decode(source, ""), ElementsAre(HasSubstr("the file is empty; a header line")));
  EXPECT_THAT(decode(source, "\xef\xbb\xbf\n\n"), ElementsAre(HasSubstr("the file is empty")));
  EXPECT_THAT(decode(source, "id\n"), IsEmpty());
  EXPECT_THAT(decode(source, "id"), IsEmpty());
  auto bare = csv().field("id", FLOW_I64);
  EXPECT_THAT(decode(bare, ""), IsEmpty());
}

TEST(CsvHeader, a_failure_stays) {
  auto source = csv(true).field("id", FLOW_I64);
  auto decoder = source.decoder();
  decode(*decoder, source.fields(), "x\n1\n");
  EXPECT_EQ(decoder->error().code(), ExitCode::bad_data);
  EXPECT_THAT(decode(*decoder, source.fields(), "id\n1\n"), ElementsAre(HasSubstr("it has no column 'id'")));
}

TEST(CsvHeader, is_restored_in_the_middle_of_a_file) {
  auto source = csv(true).field("id", FLOW_I64).field("name", FLOW_STRING);
  std::string_view first = "name,id\nAnn,1\n\n", rest = "Bob,2\nCid,x\n";
  auto before = source.decoder();
  EXPECT_THAT(decode(*before, source.fields(), first), ElementsAre("1 'Ann'"));
  ByteWriter saved;
  before->save(saved);
  auto after = source.decoder();
  ByteReader reader(saved.view());
  ASSERT_TRUE(after->restore(reader).is_ok());
  EXPECT_TRUE(reader.is_at_end());
  EXPECT_THAT(decode(*after, source.fields(), rest), ElementsAre("2 'Bob'", StartsWith("bad 5:5 id: 'x'")));
}

TEST(CsvHeader, restoring_from_damaged_bytes_is_a_failure_and_no_crash) {
  auto source = csv(true).field("id", FLOW_I64);
  auto before = source.decoder();
  decode(*before, source.fields(), "id,\"a\nb\"\n1,2\n");
  ByteWriter saved;
  before->save(saved);
  for (size_t size = 0; size < saved.size(); ++size) {
    ByteReader reader(saved.view().substr(0, size));
    EXPECT_FALSE(source.decoder()->restore(reader).is_ok()) << size;
  }
}

// Decodes as a task does that puts some rows back: the window's rest is given again from where the call began.
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

// ---- CSV: values ----

TEST(CsvValues, integers_in_the_range_of_their_kind) {
  struct Case {
    FlowKind kind;
    const char* low;
    const char* high;
    const char* below;
    const char* above;
  };
  for (const Case& c :
       {Case{FLOW_I8, "-128", "127", "-129", "128"}, Case{FLOW_I16, "-32768", "32767", "-32769", "32768"},
        Case{FLOW_I32, "-2147483648", "2147483647", "-2147483649", "2147483648"},
        Case{FLOW_I64, "-9223372036854775808", "9223372036854775807", "-9223372036854775809", "9223372036854775808"},
        Case{FLOW_U8, "0", "255", "-1", "256"}, Case{FLOW_U16, "0", "65535", "-1", "65536"},
        Case{FLOW_U32, "0", "4294967295", "-1", "4294967296"},
        Case{FLOW_U64, "0", "18446744073709551615", "-1", "18446744073709551616"}}) {
    auto source = csv().field("n", c.kind);
    auto records = decode(source, std::string(c.low) + "\n" + c.high + "\n" + c.below + "\n" + c.above + "\n");
    EXPECT_THAT(records,
                ElementsAre(c.low, c.high, HasSubstr("is out of range for"), HasSubstr("is out of range for")));
  }
  auto source = csv().field("n", FLOW_U8);
  EXPECT_THAT(decode(source, "300\n"), ElementsAre("bad 1:1 n: '300' is out of range for u8 (0 … 255) [300]"));
  EXPECT_THAT(decode(source, "+7\n 8\t\n0009\n\"10\"\n"), ElementsAre("7", "8", "9", "10"));
  for (const char* wrong : {"1.0", "1e3", "0x10", "1 2", "--1", "+-1", "1_000", "x", "-"}) {
    EXPECT_THAT(decode(source, wrong), ElementsAre(HasSubstr("bad 1:1 n: "))) << wrong;
  }
}

TEST(CsvValues, floats) {
  auto source = csv().field("x", FLOW_F64);
  EXPECT_THAT(decode(source, "1\n0.1\n-1e300\n.5\ninf\n-inf\nnan\n5e-324\n"),
              ElementsAre("1", "0.1", "-1e+300", "0.5", "inf", "-inf", "nan", "5e-324"));
  EXPECT_THAT(decode(source, "1e999\n1,5\nnan(1)\n0x1p3\n1f\n"),
              ElementsAre(HasSubstr("'1e999' is out of range for f64"), HasSubstr("2 columns"),
                          HasSubstr("is not a value"), HasSubstr("is not a value"), HasSubstr("is not a value")));
  auto narrow = csv().field("x", FLOW_F32);
  EXPECT_THAT(decode(narrow, "0.1\n16777217\n1e39\n"),
              ElementsAre("0.1", "16777216", HasSubstr("out of range for f32")));
}

TEST(CsvValues, bools) {
  auto source = csv().field("b", FLOW_BOOL);
  EXPECT_THAT(decode(source, "true\nfalse\nTRUE\nFalse\nt\nF\n1\n0\n"),
              ElementsAre("true", "false", "true", "false", "true", "false", "true", "false"));
  EXPECT_THAT(decode(source, "yes\n2\ntrues\n"),
              ElementsAre(HasSubstr("'yes' is not a bool (true or false)"), StartsWith("bad"), StartsWith("bad")));
}

TEST(CsvValues, timestamps_dates_and_durations) {
  auto source = csv().field("t", FLOW_TIMESTAMP);
  EXPECT_THAT(decode(source,
                     "2001-01-01 00:03\n2001-01-01T00:03:04Z\n2018-01-31 02:18:21.235\n2001-01-01T01:00:00+01:00\n"
                     "1969-12-31 23:59:59.999999\n2000-02-29\n"),
              ElementsAre("2001-01-01T00:03:00Z", "2001-01-01T00:03:04Z", "2018-01-31T02:18:21.235Z",
                          "2001-01-01T00:00:00Z", "1969-12-31T23:59:59.999999Z", "2000-02-29T00:00:00Z"));
  EXPECT_THAT(decode(source, "2001-02-29\n2001-01-01 24:00\n978307200\n2001-1-1\n2001-01-01 00:00:00 +01\nnow\n"),
              testing::Each(HasSubstr("is not a timestamp (such as 2001-01-31 10:00:00")));
  auto numbers = csv().option("timestamps", "ms").field("t", FLOW_TIMESTAMP);
  EXPECT_THAT(decode(numbers, "978307200000\n-1\n2001-01-01 00:00\n9223372036854775807\n"),
              ElementsAre("2001-01-01T00:00:00Z", "1969-12-31T23:59:59.999Z", "2001-01-01T00:00:00Z",
                          HasSubstr("out of range for timestamp")));
  auto days = csv().field("d", FLOW_DATE);
  EXPECT_THAT(decode(days, "2001-01-31\n2001-13-01\n"), ElementsAre("2001-01-31", HasSubstr("is not a date")));
  auto spans = csv().field("d", FLOW_DURATION);
  EXPECT_THAT(decode(spans, "90min\n-2d\n10\n"),
              ElementsAre("1h30min", "-2d", HasSubstr("is not a duration (such as 1h30min)")));
}

TEST(CsvValues, enums_by_their_text) {
  auto source = csv().field("payment", FLOW_ENUM);
  EXPECT_THAT(
      decode(source, "CASH\ncredit card\nCAHS\n cash\n\n"),
      ElementsAre("'CASH'", "'credit card'",
                  "bad 3:1 payment: 'CAHS' is not a value of Payment (CASH, credit card); did you mean 'CASH'? [CAHS]",
                  HasSubstr("did you mean 'CASH'?"), HasSubstr("'' is not a value of Payment")));
}

TEST(CsvValues, bytes_are_base64) {
  auto source = csv().field("b", FLOW_BYTES);
  EXPECT_THAT(decode(source, "AAECAw==\n\nQQ==\n"), ElementsAre("AAECAw==", "", "QQ=="));
  EXPECT_THAT(decode(source, "A\nQQ=A\nQR==\n=QQQ\n"), testing::Each(HasSubstr("is not base64")));
}

TEST(CsvValues, strings_are_utf8) {
  auto source = csv().field("s", FLOW_STRING);
  EXPECT_THAT(decode(source, "\xc3\xa4\n\xe4\n"),
              ElementsAre("'ä'", "bad 2:1 s: '\xef\xbf\xbd' is not valid UTF-8 [\xef\xbf\xbd]"));
  EXPECT_THAT(decode(source, std::string_view("a\0b\n", 4)), ElementsAre(std::string("'a\0b'", 5)));
}

TEST(CsvValues, reasons_and_texts_of_bad_records_are_utf8_whatever_the_input) {
  auto source = csv().field("n", FLOW_I64);
  auto decoder = source.decoder();
  decode(*decoder, source.fields(), "\xff\xfe\n");
  EXPECT_TRUE(is_utf8(decoder->bad().text));
  EXPECT_TRUE(is_utf8(decoder->bad().reason));
}

TEST(CsvValues, nulls) {
  auto source = csv().field("a", FLOW_I64, true).field("b", FLOW_STRING, true).field("c", FLOW_STRING);
  EXPECT_THAT(decode(source, ",,\n\"\",\"\",\"\"\n 1 , 2 , 3 \n"),
              ElementsAre("null null ''", "null '' ''", "1 ' 2 ' ' 3 '"));
  auto strict = csv().field("a", FLOW_I64).field("b", FLOW_STRING);
  EXPECT_THAT(decode(strict, ",x\n"), ElementsAre("bad 1:1 a: there is no value, and the type is i64, not i64? [,x]"));
  auto named =
      csv().option("null", "NA").field("a", FLOW_I64, true).field("b", FLOW_STRING, true).field("c", FLOW_STRING);
  EXPECT_THAT(decode(named, "NA,NA,NA\n,,\n1,\"NA\",x\n"), ElementsAre("null null 'NA'", "null '' ''", "1 'NA' 'x'"));
  auto strict_named = csv().option("null", "NA").field("a", FLOW_I64);
  EXPECT_THAT(decode(strict_named, "NA\n"), ElementsAre(HasSubstr("'NA' is not a value of type i64")));
}

TEST(CsvValues, fields_that_nobody_reads_are_not_looked_at) {
  auto source = csv().field("a", FLOW_I64, false, false).field("b", FLOW_I64);
  EXPECT_THAT(decode(source, "x,1\n\"y\"z,2\n"), ElementsAre("- 1", StartsWith("bad 2:4 : text after")));
}

TEST(Csv, describes_a_bad_record_in_one_sentence) {
  BadRecord bad{"1,x", 3, 4, "tip", "'x' is not a value of type f64"};
  EXPECT_EQ(describe_bad_record("fares.csv", bad),
            "fares.csv, line 3, column 4, field tip: 'x' is not a value of type f64; the record is '1,x'");
}

// ---- JSON ----

TEST(Json, members_in_any_order_others_ignored) {
  auto source = std::move(TestConnector("json").field("id", FLOW_I64).field("name", FLOW_STRING));
  EXPECT_THAT(
      decode(source, "{\"id\":1,\"name\":\"Ann\"}\n  { \"x\" : [1, {\"id\": 9}], \"name\" : \"B\" , \"id\" : 2 }\r\n"),
      ElementsAre("1 'Ann'", "2 'B'"));
}

TEST(Json, duplicates_last_wins) {
  auto source = std::move(TestConnector("json").field("id", FLOW_I64));
  EXPECT_THAT(decode(source, "{\"id\":1,\"id\":2}"), ElementsAre("2"));
}

TEST(Json, blank_lines_and_a_byte_order_mark_are_passed_over) {
  auto source = std::move(TestConnector("json").field("id", FLOW_I64));
  EXPECT_THAT(decode(source, "\xef\xbb\xbf{\"id\":1}\n \t\r\n\n{\"id\":\"x\"}\n"),
              ElementsAre("1", "bad 4:7 id: '\"x\"' is not how i64 is written in JSON [{\"id\":\"x\"}]"));
  EXPECT_THAT(decode(source, ""), IsEmpty());
}

TEST(Json, missing_and_null) {
  auto source = std::move(TestConnector("json").field("a", FLOW_I64, true).field("b", FLOW_I64));
  EXPECT_THAT(decode(source, "{\"b\":1}\n{\"a\":null,\"b\":2}\n{\"a\":3}\n{\"b\":null}\n{}\n"),
              ElementsAre("null 1", "null 2", StartsWith("bad 3:1 b: there is no value, and the type is i64, not i64?"),
                          StartsWith("bad 4:6 b: there is no value"), StartsWith("bad 5:1 b: there is no value")));
}

TEST(Json, numbers_are_exact) {
  auto source = std::move(TestConnector("json").field("n", FLOW_I64));
  EXPECT_THAT(
      decode(source, "{\"n\":9223372036854775807}\n{\"n\":-9007199254740993}\n{\"n\":1.0}\n{\"n\":1e3}\n{\"n\":-0}\n"),
      ElementsAre("9223372036854775807", "-9007199254740993", "1", "1000", "0"));
  EXPECT_THAT(decode(source, "{\"n\":1.5}\n{\"n\":9223372036854775808}\n{\"n\":1e300}\n"),
              ElementsAre(HasSubstr("'1.5' is not a value of type i64"), HasSubstr("out of range"), StartsWith("bad")));
  auto big = std::move(TestConnector("json").field("n", FLOW_U64));
  EXPECT_THAT(decode(big, "{\"n\":18446744073709551615}\n{\"n\":-1}\n"),
              ElementsAre("18446744073709551615", HasSubstr("out of range for u64")));
  for (const char* wrong : {"01", "+1", "1.", ".5", "1e", "1e+", "-", "0x1", "1_0", "--1", "NaN", "Infinity"}) {
    EXPECT_THAT(decode(source, std::string("{\"n\":") + wrong + "}"), ElementsAre(StartsWith("bad"))) << wrong;
  }
}

TEST(Json, floats) {
  auto source = std::move(TestConnector("json").field("x", FLOW_F64));
  EXPECT_THAT(
      decode(source, "{\"x\":1}\n{\"x\":-1.25e-3}\n{\"x\":\"inf\"}\n{\"x\":\"nan\"}\n{\"x\":\"1\"}\n{\"x\":1e999}\n"),
      ElementsAre("1", "-0.00125", "inf", "nan", HasSubstr("is not how f64 is written"), HasSubstr("out of range")));
}

TEST(Json, kinds) {
  auto source = std::move(TestConnector("json")
                              .field("b", FLOW_BOOL)
                              .field("t", FLOW_TIMESTAMP)
                              .field("d", FLOW_DATE)
                              .field("u", FLOW_DURATION)
                              .field("e", FLOW_ENUM)
                              .field("y", FLOW_BYTES));
  EXPECT_THAT(
      decode(source, R"({"b":true,"t":"2001-01-01 00:03","d":"2001-01-31","u":"90s","e":"credit card","y":"QQ=="})"),
      ElementsAre("true 2001-01-01T00:03:00Z 2001-01-31 1min30s 'credit card' QQ=="));
  EXPECT_THAT(decode(source, R"({"b":"true"})"), ElementsAre(HasSubstr("is not how bool is written in JSON")));
  EXPECT_THAT(decode(source, R"({"b":1})"), ElementsAre(HasSubstr("is not how bool is written in JSON")));
  EXPECT_THAT(decode(source, R"({"t":978307200000})"),
              ElementsAre(HasSubstr("the option timestamps: \"ms\" reads numbers")));
  EXPECT_THAT(decode(source, R"({"t":true})"), ElementsAre(StartsWith("bad 1:6 t:")));
  EXPECT_THAT(decode(source, R"({"e":"CASHH"})"), ElementsAre(HasSubstr("did you mean 'CASH'?")));
  EXPECT_THAT(decode(source, R"({"e":{"a":[1]}})"), ElementsAre(HasSubstr("is not how Payment is written in JSON")));
  auto numbers = std::move(TestConnector("json").option("timestamps", "ms").field("t", FLOW_TIMESTAMP));
  EXPECT_THAT(
      decode(numbers, "{\"t\":978307200000}\n{\"t\":9.783072e11}\n{\"t\":\"2001-01-01T00:00:00Z\"}\n{\"t\":0.5}\n"),
      ElementsAre("2001-01-01T00:00:00Z", "2001-01-01T00:00:00Z", "2001-01-01T00:00:00Z", StartsWith("bad")));
}

TEST(Json, escapes_and_surrogates) {
  auto source = std::move(TestConnector("json").field("s", FLOW_STRING));
  EXPECT_THAT(decode(source, R"({"s":"\"\\\/\b\f\n\r\t\u00e4\uD83D\ude00"})"), ElementsAre("'\"\\/\b\f\n\r\tä😀'"));
  EXPECT_THAT(decode(source, R"({"\u0073":"x"})"), ElementsAre("'x'"));
  for (const char* wrong :
       {R"(\ud83d)", R"(\ude00)", R"(\ud83d\u0041)", R"(\ud83dx)", R"(\x)", R"(\u12)", R"(\u12g4)", "\t", "\xff"}) {
    EXPECT_THAT(decode(source, std::string("{\"s\":\"") + wrong + "\"}"), ElementsAre(StartsWith("bad 1:"))) << wrong;
  }
}

TEST(Json, malformed_records_are_bad_with_their_place_and_the_next_line_is_read) {
  auto source = std::move(TestConnector("json").field("id", FLOW_I64));
  struct Case {
    const char* line;
    const char* expected;
  };
  for (const Case& c :
       {Case{"[1]", "bad 1:1 : an object is expected"}, Case{"{\"id\":1", "bad 1:8 : ',' or '}' is expected here"},
        Case{"{\"id\":1}x", "bad 1:9 : there is something behind the object"},
        Case{"{\"id\":1,}", "bad 1:9 : a name in double quotes is expected here"},
        Case{"{id:1}", "bad 1:2 : a name in double quotes"},
        Case{"{\"id\" 1}", "bad 1:7 : ':' is expected after a name"},
        Case{"{\"id\":}", "bad 1:7 id: a value is expected here"},
        Case{"{\"id\":", "bad 1:7 id: the record ends too early"},
        Case{"{\"x\":\"a}", "bad 1:6 : the string is not closed"},
        Case{"{\"x\":tru}", "bad 1:6 : this is not a JSON value"},
        Case{"{\"x\":nul", "bad 1:6 : this is not a JSON value"},
        Case{"{\"x\":[1,]}", "bad 1:9 : a value is expected here"},
        Case{"{\"x\":{\"y\":1}", "bad 1:13 : ',' or '}' is expected here"},
        Case{"{\"id\":truex}", "bad 1:7 id: 'true' is not how i64"}}) {
    EXPECT_THAT(decode(source, std::string(c.line) + "\n{\"id\":7}\n"), ElementsAre(StartsWith(c.expected), "7"))
        << c.line;
  }
  EXPECT_THAT(decode(source, std::string_view("{\"id\":1}\0\n", 10)),
              ElementsAre(HasSubstr("something behind the object")));
}

TEST(Json, depth_is_limited) {
  auto source = std::move(TestConnector("json").field("id", FLOW_I64));
  auto nested = [](size_t depth) {
    return "{\"x\":" + std::string(depth, '[') + std::string(depth, ']') + ",\"id\":1}\n";
  };
  EXPECT_THAT(decode(source, nested(200)), ElementsAre("1"));
  EXPECT_THAT(decode(source, nested(300)), ElementsAre(HasSubstr("values are nested too deeply")));
  EXPECT_THAT(decode(source, nested(1'000'000)), ElementsAre(HasSubstr("values are nested too deeply")));
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

// ---- encoders ----

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

// ---- small parts ----

TEST(Utf8, agrees_with_the_definition) {
  EXPECT_TRUE(is_utf8("aäß€😀"));
  EXPECT_TRUE(is_utf8("\xf4\x8f\xbf\xbf"));
  for (std::string wrong :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80", "\xff", "\xe2\x82", "\xf0\x9f\x98", "12345678\xe2\x28\xa1"}) {
    EXPECT_FALSE(is_utf8(wrong)) << testing::PrintToString(wrong);
    EXPECT_TRUE(is_utf8(utf8_mended(wrong)));
  }
  for (uint32_t code = 0; code < 0x110000; ++code) {
    if (code == 0xd800) code = 0xe000;
    char text[4];
    ASSERT_TRUE(is_utf8({text, static_cast<size_t>(utf8_write(text, code) - text)})) << code;
  }
}

TEST(Base64, reads_what_it_writes) {
  Random random(7);
  for (size_t size = 0; size < 50; ++size) {
    std::string bytes;
    for (size_t i = 0; i < size; ++i) bytes.push_back(static_cast<char>(random.below(256)));
    std::string text(base64_encoded_bytes(size), '\0');
    ASSERT_EQ(base64_encode(text.data(), bytes), text.data() + text.size());
    std::string back(base64_decoded_bytes_max(text.size()), '\0');
    char* end = base64_decode(back.data(), text);
    ASSERT_NE(end, nullptr);
    EXPECT_EQ(std::string_view(back.data(), end), bytes);
  }
}

TEST(Nearest, finds_what_was_meant) {
  std::vector<std::string_view> names = {"driver_id", "ride_id", "tip"};
  EXPECT_EQ(nearest_name("driverId", names), "driver_id");
  EXPECT_EQ(nearest_name("ride_di", names), "ride_id");
  EXPECT_EQ(nearest_name("TIP", names), "tip");
  EXPECT_EQ(nearest_name("payment", names), "");
  EXPECT_EQ(nearest_name("x", names), "");
}

} // namespace
} // namespace flow::runtime
