// CSV: what it decodes to, and what is bad and where.
//   build/bin/tests/csv_test
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "runtime/formats/utf8.h"
#include "tests/unit/connector_fixture.h"

namespace flow::runtime {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// ---- shape ----

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

// ---- header ----

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

// ---- values ----

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

} // namespace
} // namespace flow::runtime
